"""Kernels: networks as loops over rows and channels, for C++ and CUDA alike."""
