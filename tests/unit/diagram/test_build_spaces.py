"""Where values live: gathers and sums are put in, and nothing else."""

from __future__ import annotations

import pytest

from fusionc.diagram import ir as d

from .building import built, codes, shape, statement

INPUTS = """
  index i in g
  input  x[i]   : 4x0e
  input  e[i,j] : 4x0e
  input  G[g]   : 4x0e
  input  b      : 4x0e
"""

SHAPES = {
    # gathers
    "s[i,j] = x[j]": "gather[sender](x@node)@edge",
    "s[i,j] = x[i]": "gather[receiver](x@node)@edge",
    "s[i] = G[g]": "gather[graph](G@graph)@node",
    "s[j] = G[g]": "gather[graph](G@graph)@node",
    "s[i,j] = G[g]": "gather[graph](G@graph)@edge",
    "s[i,j] = dot(G[g], x[j])": "gather[sender]((gather[graph](G@graph)@node . x@node)@node)@edge",
    "s[i,j] = silu(x[j]) * e[i,j]": "(gather[sender](apply(x@node)@node)@edge . e@edge)@edge",
    "s[i,j] = x[i] * x[j]": "(gather[receiver](x@node)@edge . gather[sender](x@node)@edge)@edge",
    "s[k] = x[k]": "x@node",
    # tensors that exist once are never copied
    "s[i] = x[i] + b": "(1*x@node 1*b@once)@node",
    "s = b + b": "(1*b@once 1*b@once)@once",
    # sums
    "s[i] = sum[j](e[i,j])": "sum[receiver](e@edge)@node",
    "s[j] = sum[i](e[i,j])": "sum[sender](e@edge)@node",
    "s[i] = mean[j](x[j])": "mean[receiver](gather[sender](x@node)@edge)@node",
    "s[j] = sum[i](x[i])": "sum[sender](gather[receiver](x@node)@edge)@node",
    "s[g] = sum[i](x[i])": "sum[graph](x@node)@graph",
    "s = sum[i](x[i])": "sum[all](x@node)@once",
    "s[g] = sum[i,j](e[i,j])": "sum[graph](e@edge)@graph",
    "s = sum[i,j](e[i,j])": "sum[all](e@edge)@once",
    "s = sum[g](G[g])": "sum[all](G@graph)@once",
    "s = sum[i,g](x[i])": "sum[all](x@node)@once",
    "s[i] = x[i] - mean[k](x[k])": "(1*x@node -1*mean[all](x@node)@once)@node",
    "s[g] = sum[i](x[i] * G[g])": "sum[graph]((x@node . gather[graph](G@graph)@node)@node)@graph",
    "s[g] = sum[i](sum[j](e[i,j] * x[j]))": (
        "sum[graph](sum[receiver]((e@edge . gather[sender](x@node)@edge)@edge)@node)@graph"
    ),
    "s[i] = sum[j](e[i,j]) + sum[j](x[j])": (
        "(1*sum[receiver](e@edge)@node 1*sum[receiver](gather[sender](x@node)@edge)@node)@node"
    ),
    "s[i,j] = sum[k](x[k]) * e[i,j]": "(sum[all](x@node)@once . e@edge)@edge",
    # the statement's value is brought to its left side last
    "s[i,j] : 4x0e = linear(x[j])": "gather[sender](ascribe(linear(x@node)@node)@node)@edge",
    "s[i] = -0.5 * (x[i] - 2 * x[i])": "(-1*(1/2*(1*x@node -1*(2*x@node)@node)@node)@node)@node",
}


@pytest.mark.parametrize("text", SHAPES)
def test_every_part_has_its_smallest_space(text: str) -> None:
    diagram = built(f"{INPUTS}{text}\noutput {text.partition(' ')[0]}")
    assert shape(statement(diagram, "s").value) == SHAPES[text]


def test_a_diagram_without_indices_is_a_batch() -> None:
    body = (
        "input x : 4x0e\nweight w\nweight V : per kind\nz = x * x with weights=w\ny = x * x with weights=V\noutput z, y"
    )
    diagram = built(body)
    assert [item.space for item in diagram.inputs] == [d.Space.BATCH]
    assert [(item.space, item.given) for item in diagram.weights] == [(d.Space.ONCE, False), (d.Space.BATCH, False)]
    assert {item.space for item in (*diagram.statements, *diagram.outputs)} == {d.Space.BATCH}


def test_indices_are_those_written() -> None:
    body = "index v in m\ninput x[v] : 0e\ninput r[u,v] : 1o\ninput y[k] : 0e\noutput x[v], r[u,v], y[k]"
    assert built(body).indices == d.Indices(nodes=("v", "u", "k"), receiver="u", sender="v", graph="m")


def test_weights() -> None:
    body = """
        input x[i] : 4x0e
        weight w
        weight R[i,j]
        weight W[i] : per species
        weight V[j] : per species
        a[i,j] = x[j] * x[i] with weights=R[i,j]
        b[i] = x[i] * x[i] with weights=W[i]
        c[i] = x[i] * x[i] with weights=V[i]
        e[i] = x[i] * x[i] with weights=w
        output a[i,j], b[i], c[i], e[i]"""
    diagram = built(body)
    assert [(w.name, w.space.value, w.per, w.given) for w in diagram.weights] == [
        ("w", "once", None, False),
        ("R", "edge", None, True),
        ("W", "node", "species", False),
        ("V", "node", "species", False),
    ]
    product = statement(diagram, "a").value
    assert isinstance(product, d.Product)
    assert product.weights == d.Read("R", d.Space.EDGE)


def test_weights_on_edges_bring_the_product_there() -> None:
    body = "input x[i] : 4x0e\nweight R[i,j]\na[i] = sum[j]((x[i] * x[i] with weights=R[i,j]))\noutput a[i]"
    assert shape(statement(built(body), "a").value) == (
        "sum[receiver]((gather[receiver](x@node)@edge . gather[receiver](x@node)@edge)@edge)@node"
    )


REFUSED = {
    "s[i] = x[j]": ["F120"],
    "s[i] = e[i,j]": ["F120"],
    "s[i] = sum[j](e[j,i])": ["F121"],
    "s[i] = sum[k](dot(x[i], x[k]))": ["F122"],
    "s[i,k] = x[i]": ["F122"],
    "s[i,i] = x[i]": ["F122"],
    "s[i,g] = x[i]": ["F122"],
    "s[i] = e[i]": ["F123"],
    "s[i] = x": ["F123"],
    "s[i] = sum[j](x[i])": ["F124"],
    "s[i] = sum[g](x[i])": ["F124"],
    "s[i] = sum[g](x[i] * G[g])": ["F124"],
    "s[i] = b": ["F125"],
    "s[g] = sum[i,j](x[i])": ["F124"],
    "s[g] = x[i]": ["F120"],
    "s[i] = sum[i](x[i])": ["F128"],
    "s = sum[i,i](x[i])": ["F128"],
}


@pytest.mark.parametrize("text", REFUSED)
def test_refusals(text: str) -> None:
    name = text.partition(" ")[0]
    uses = "output x[i], e[i,j], G[g], b"
    found = codes(f"diagram d {{{INPUTS}{text}\n{uses}\n{'' if 'k]' in name else f'output {name}'}\n}}\n")
    assert [code for code in found if code != "F106"][: len(REFUSED[text])] == REFUSED[text]
