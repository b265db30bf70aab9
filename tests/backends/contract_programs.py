"""Programs that the tests of the module contract share, small enough for finite differences."""

from __future__ import annotations

CONVOLUTION = """
diagram conv {
  input  x[j]   : 2x0e + 2x1o
  input  r[i,j] : 1o
  weight R[i,j]
  Y[i,j] = sh(r[i,j], 2)
  m[i,j] = x[j] * Y[i,j] with weights=R[i,j], mode=uvu, keep=0e + 1o + 2e
  h[i] : 2x0e + 2x1o + 1x2e = linear(sum[j](m[i,j]))
  output h[i]
}
"""

PRODUCT_BASIS = """
diagram basis {
  input  A[i] : 2x0e + 2x1o + 2x2e
  weight W[i] : per species
  B[i] : 2x0e + 2x1o = sympow(A[i], 1..3) with weights=W[i]
  h[i] : 2x0e + 2x1o = linear(B[i])
  output h[i]
}
"""

LAYER = """
diagram layer {
  index i in g
  input  x[i]   : 3x0e + 2x1o + 2x1e
  input  r[i,j] : 1o
  input  f[i,j] : 3x0e
  weight W[i] : per species
  m[i,j] : 5x0e + 2x1o + 2x1e = x[j] * sh(r[i,j], 1) with mode=uvw, weights=linear(f[i,j])
  a[i] = mean[j](m[i,j])
  s[i] : 3x0e = linear(a[i]) with weights=W[i]
  k[i] : 4x0e = linear(a[i])
  v[i] = gate(s[i], k[i], filter(a[i], "1o + 1e"))
  n[i] = x[i] + v[i]
  E[g] : 1x0e = sum[i](linear(cat(dot(n[i], n[i]), filter(n[i], "0e"))))
  output n[i], E[g]
}
"""

FULLY_CONNECTED = """
diagram tp {
  input  x : 2x0e + 3x1o
  input  y : 2x0e + 2x1o
  weight w
  z : 2x0e + 2x1o + 1x1e + 1x2e = x * y with weights=w, mode=uvw
  output z
}
"""

PROGRAMS = {"convolution": CONVOLUTION, "basis": PRODUCT_BASIS, "layer": LAYER, "fully_connected": FULLY_CONNECTED}
