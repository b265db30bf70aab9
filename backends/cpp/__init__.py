"""The C++ backend: kernels for CPUs."""
