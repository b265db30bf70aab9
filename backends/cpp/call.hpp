// What operators and passes agree on. Included by both.
#pragma once
#include <cstdint>

namespace fusionc {

// data: buffers, then packed arrays of the pass, then from kClassSlot after the buffers on, classes of tables.
// start, order, far: the edges at[start[n]..start[n + 1]] of node n, in this order; the other end of each edge.
struct Call {
  void* const* data;
  const int64_t* start;
  const int64_t* order;
  const int64_t* far;
};

// Evaluates the rows from begin to end.
typedef void Rows(const Call* call, int64_t begin, int64_t end);

}  // namespace fusionc
