// What every operator does around its passes: checks, edges by node, results, threads. With torch's stable ABI alone.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>
#include <torch/headeronly/util/Exception.h>

namespace fusionc {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

// ------------------------------------------------------------ instruction sets

enum class Isa { kBase, kNeon, kV3, kV4, kNone };

inline Isa best_isa() {
#if defined(__x86_64__)
  const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  const bool has_v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  const char* asked = std::getenv("FUSIONC_ISA");  // to ask for less than there is
  const bool less = asked != nullptr && std::strcmp(asked, "v3") == 0;
  (void)has_v3, (void)has_v4, (void)less;
#if defined(FUSIONC_HAS_V4)
  if (has_v4 && !less) return Isa::kV4;
#endif
#if defined(FUSIONC_HAS_V3)
  if (has_v3) return Isa::kV3;
#endif
#endif
#if defined(FUSIONC_HAS_NEON)
  return Isa::kNeon;
#elif defined(FUSIONC_HAS_BASE)
  return Isa::kBase;
#else
  return Isa::kNone;
#endif
}

#if defined(FUSIONC_HAS_V4)
#define FUSIONC_V4(name, what) what(kV4, name##_v4)
#else
#define FUSIONC_V4(name, what)
#endif
#if defined(FUSIONC_HAS_V3)
#define FUSIONC_V3(name, what) what(kV3, name##_v3)
#else
#define FUSIONC_V3(name, what)
#endif
#if defined(FUSIONC_HAS_NEON)
#define FUSIONC_NEON(name, what) what(kNeon, name##_neon)
#else
#define FUSIONC_NEON(name, what)
#endif
#if defined(FUSIONC_HAS_BASE)
#define FUSIONC_BASE(name, what) what(kBase, name##_base)
#else
#define FUSIONC_BASE(name, what)
#endif
#define FUSIONC_ISAS(name, what) \
  FUSIONC_V4(name, what) FUSIONC_V3(name, what) FUSIONC_NEON(name, what) FUSIONC_BASE(name, what)
#define FUSIONC_DECLARE(isa, variant) extern "C" ::fusionc::Rows variant;
#define FUSIONC_CHOOSE(isa, variant) \
  if (isa_of_here == ::fusionc::Isa::isa) return variant;
// A function `name` that gives the variant of a pass for this processor.
#define FUSIONC_PASS(name)                                            \
  FUSIONC_ISAS(name, FUSIONC_DECLARE)                                 \
  static ::fusionc::Rows* name() {                                    \
    static const ::fusionc::Isa isa_of_here = ::fusionc::best_isa();  \
    FUSIONC_ISAS(name, FUSIONC_CHOOSE)                                \
    return nullptr;                                                   \
  }

// ---------------------------------------------------------------- descriptions

enum class Role { kArgument, kResult, kTemporary };
enum class Over { kOnce, kRow, kEdge, kTable };
enum class Via { kNone, kReceiver, kSender };

// width: of a row; of a temporary the components, each with `lanes` numbers, or with one. classes: of a table, the
// number of the argument that tells the class of each row. added: zeros at first.
struct Buffer {
  const char* name;
  Role role;
  Over over;
  int64_t width;
  int64_t lanes;
  int classes;
  bool added;
};

struct Classes {
  const char* name;
  bool on_edges;
};

struct Packed {
  int64_t lanes;
  int64_t components;
};

typedef Rows* Variant();

// rows, pack: for float and for double; null where there is none. added: buffers to whose rows, also of other nodes,
// the pass adds.
struct Pass {
  Via via;
  Variant* rows[2];
  Variant* pack[2];
  std::vector<Packed> packed;
  std::vector<int> added;
};

// start and order of the edges by receiver and by sender.
struct Graph {
  Tensor edge_index, receiver_start, receiver_order, sender_start, sender_order;
};

constexpr int64_t kVector = 64;
constexpr int64_t kClassSlot = 64;

// --------------------------------------------------------------------- checks

inline std::string shape_of(const Tensor& tensor) {
  std::string text = "[";
  for (int64_t axis = 0; axis < tensor.dim(); ++axis) {
    text += (axis ? ", " : "") + std::to_string(tensor.size(axis));
  }
  return text + "]";
}

inline const int64_t* indices(const Tensor& tensor, const char* name, int64_t size) {
  STD_TORCH_CHECK(tensor.is_cpu(), name, " must be on the CPU");
  STD_TORCH_CHECK(tensor.scalar_type() == ScalarType::Long, name, " must be int64");
  STD_TORCH_CHECK(tensor.dim() == 1 && tensor.size(0) == size, name, " must have shape [", size, "], not ",
                  shape_of(tensor));
  return static_cast<const int64_t*>(tensor.data_ptr());
}

inline void check_range(const int64_t* index, int64_t count, int64_t size, const char* name, const char* what) {
  int64_t low = 0, high = -1;
  for (int64_t n = 0; n < count; ++n) {
    low = std::min(low, index[n]);
    high = std::max(high, index[n]);
  }
  STD_TORCH_CHECK(low >= 0 && high < size, name, " holds ", low < 0 ? low : high, ", but there are ", size, " ", what);
}

constexpr int64_t kAnyRows = -1;
constexpr int64_t kNoRows = -2;

inline Tensor floats(const Tensor& tensor, const char* name, ScalarType dtype, int64_t rows, int64_t width) {
  STD_TORCH_CHECK(tensor.is_cpu(), name, " must be on the CPU");
  STD_TORCH_CHECK(tensor.scalar_type() == dtype, name, " must have the dtype of the other arguments");
  if (rows == kNoRows) {
    STD_TORCH_CHECK(tensor.dim() == 1 && tensor.size(0) == width, name, " must have shape [", width, "], not ",
                    shape_of(tensor));
    return torch::stable::contiguous(tensor);
  }
  STD_TORCH_CHECK(tensor.dim() == 2 && tensor.size(1) == width && (rows < 0 || tensor.size(0) == rows), name,
                  " must have shape [", rows < 0 ? std::string("any") : std::to_string(rows), ", ", width, "], not ",
                  shape_of(tensor));
  return torch::stable::contiguous(tensor);
}

// ---------------------------------------------------------------------- edges

// Of one end of the edges: a stable counting sort; the identity where they are sorted already.
inline std::tuple<Tensor, Tensor> sorted_by(const Tensor& like, const int64_t* ends, int64_t edges, int64_t nodes) {
  const int64_t starts = nodes + 1;
  Tensor start = torch::stable::new_zeros(like, {&starts, 1});
  Tensor order = torch::stable::new_empty(like, {&edges, 1});
  int64_t* const first = static_cast<int64_t*>(start.data_ptr());
  int64_t* const place = static_cast<int64_t*>(order.data_ptr());
  bool sorted = true;
  for (int64_t n = 0; n < edges; ++n) {
    ++first[ends[n] + 1];
    sorted = sorted && (n == 0 || ends[n - 1] <= ends[n]);
  }
  for (int64_t n = 0; n < nodes; ++n) first[n + 1] += first[n];
  if (sorted) {
    std::iota(place, place + edges, int64_t(0));
  } else {
    std::vector<int64_t> next(first, first + nodes);
    for (int64_t n = 0; n < edges; ++n) place[next[ends[n]]++] = n;
  }
  return {start, order};
}

inline std::tuple<Tensor, Tensor, Tensor, Tensor> graph(Tensor edge_index, int64_t nodes) {
  STD_TORCH_CHECK(edge_index.is_cpu(), "edge_index must be on the CPU");
  STD_TORCH_CHECK(edge_index.scalar_type() == ScalarType::Long, "edge_index must be int64");
  STD_TORCH_CHECK(edge_index.dim() == 2 && edge_index.size(0) == 2, "edge_index must have shape [2, any], not ",
                  shape_of(edge_index));
  STD_TORCH_CHECK(nodes >= 0, "there cannot be ", nodes, " nodes");
  const Tensor own = torch::stable::contiguous(edge_index);
  const int64_t edges = own.size(1);
  const int64_t* const sender = static_cast<const int64_t*>(own.data_ptr());
  check_range(sender, 2 * edges, nodes, "edge_index", "nodes");
  const auto by_receiver = sorted_by(own, sender + edges, edges, nodes);
  const auto by_sender = sorted_by(own, sender, edges, nodes);
  return {std::get<0>(by_receiver), std::get<1>(by_receiver), std::get<0>(by_sender), std::get<1>(by_sender)};
}

// The edges of each node as a pass takes them, checked, so that no operator reads or writes outside of its arguments.
struct Edges {
  Tensor index;
  int64_t count = 0;
  const int64_t* sender = nullptr;
  const int64_t* receiver = nullptr;

  Edges(const Graph* graph, int64_t nodes) {
    if (graph == nullptr) return;
    const Tensor& given = graph->edge_index;
    STD_TORCH_CHECK(given.is_cpu() && given.scalar_type() == ScalarType::Long && given.dim() == 2 && given.size(0) == 2,
                    "edge_index must be int64 [2, any] on the CPU");
    index = torch::stable::contiguous(given);
    count = index.size(1);
    sender = static_cast<const int64_t*>(index.data_ptr());
    receiver = sender + count;
    check_range(sender, 2 * count, nodes, "edge_index", "nodes");
  }

  Call call(const Graph& graph, Via via, int64_t nodes) const {
    const bool by_receiver = via == Via::kReceiver;
    const Tensor& starts = by_receiver ? graph.receiver_start : graph.sender_start;
    const Tensor& orders = by_receiver ? graph.receiver_order : graph.sender_order;
    const char* const name = by_receiver ? "the order by receiver" : "the order by sender";
    const int64_t* const start = indices(starts, name, nodes + 1);
    const int64_t* const order = indices(orders, name, count);
    STD_TORCH_CHECK(starts.is_contiguous() && orders.is_contiguous(), name, " must be contiguous");
    check_range(order, count, count, name, "edges");
    bool rising = start[0] == 0 && start[nodes] == count;
    for (int64_t n = 0; n < nodes; ++n) rising = rising && start[n] <= start[n + 1];
    STD_TORCH_CHECK(rising, name, " is not that of these edges");
    return {nullptr, start, order, by_receiver ? sender : receiver};
  }
};

// --------------------------------------------------------------------- passes

// The first row of those from which on rows, that weigh as many edges as they have and one, weigh `weight` or more.
inline int64_t row_at(const Call& call, int64_t rows, int64_t weight) {
  int64_t low = 0, high = rows;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (call.start[middle] + middle < weight) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

template <typename F>
inline void over_rows(const Call& call, int64_t rows, const F& function) {
  if (call.start == nullptr) {
    torch::stable::parallel_for(0, rows, 16, function);
    return;
  }
  torch::stable::parallel_for(0, call.start[rows] + rows, 64, [&](int64_t begin, int64_t end) {
    const int64_t from = row_at(call, rows, begin), to = row_at(call, rows, end);
    if (from < to) function(from, to);
  });
}

template <typename T>
inline void add_to(void* sum, const void* part, int64_t begin, int64_t end) {
  T* const to = static_cast<T*>(sum);
  const T* const from = static_cast<const T*>(part);
  for (int64_t n = begin; n < end; ++n) to[n] += from[n];
}

constexpr int64_t kEdgesOfShare = 8;
constexpr int64_t kMostShares = 8;

// A pass that adds to rows of other nodes: shares of the rows, each with sums of its own, which are then added up in
// order. How many they are depends on the graph alone, and so do all bits of the result.
inline void in_shares(Call call, const Pass& pass, const std::vector<void*>& data, const std::vector<Tensor>& sums,
                      int64_t rows, Rows* evaluate, bool is_double) {
  const int64_t edges = call.start[rows];
  const int64_t shares = std::clamp<int64_t>(edges / std::max<int64_t>(kEdgesOfShare * rows, 1), 1, kMostShares);
  std::vector<std::vector<void*>> own(shares, data);
  std::vector<Tensor> copies;
  for (int64_t share = 1; share < shares; ++share) {
    for (size_t n = 0; n < pass.added.size(); ++n) {
      copies.push_back(torch::stable::new_zeros(sums[n], sums[n].sizes()));
      own[share][pass.added[n]] = copies.back().data_ptr();
    }
  }
  torch::stable::parallel_for(0, shares, 1, [&](int64_t begin, int64_t end) {
    for (int64_t share = begin; share < end; ++share) {
      const Call mine = {own[share].data(), call.start, call.order, call.far};
      const int64_t total = edges + rows;
      const int64_t from = row_at(call, rows, total * share / shares);
      const int64_t to = share + 1 == shares ? rows : row_at(call, rows, total * (share + 1) / shares);
      if (from < to) evaluate(&mine, from, to);
    }
  });
  for (size_t n = 0; n < pass.added.size(); ++n) {
    torch::stable::parallel_for(0, sums[n].numel(), 4096, [&](int64_t begin, int64_t end) {
      for (int64_t share = 1; share < shares; ++share) {
        const void* const part = own[share][pass.added[n]];
        if (is_double) {
          add_to<double>(data[pass.added[n]], part, begin, end);
        } else {
          add_to<float>(data[pass.added[n]], part, begin, end);
        }
      }
    });
  }
}

inline int64_t padded(int64_t lanes, int64_t size) {
  const int64_t width = kVector / size;
  return lanes == 0 ? 1 : (lanes + width - 1) / width * width;
}

inline Tensor rows_of(const Tensor& like, int64_t rows, int64_t width) {
  const int64_t shape[] = {rows, width};
  return torch::stable::new_empty(like, {shape, 2});
}

// The results, in the order of the buffers.
inline std::vector<Tensor> run(const std::vector<Buffer>& buffers, const std::vector<Classes>& kinds,
                               const std::vector<Pass>& passes, const std::vector<Tensor>& arguments,
                               const std::vector<Tensor>& classes, const Graph* graph, int64_t rows) {
  STD_TORCH_CHECK(rows >= 0, "there cannot be ", rows, " rows");
  const Tensor& like = arguments[0];
  const ScalarType dtype = like.scalar_type();
  STD_TORCH_CHECK(dtype == ScalarType::Float || dtype == ScalarType::Double, buffers[0].name,
                  " must be float32 or float64");
  const int variant = dtype == ScalarType::Double ? 1 : 0;
  const int64_t size = variant ? 8 : 4;
  const Edges edges(graph, rows);

  std::vector<Tensor> kept;  // what the pointers point into
  std::vector<const int64_t*> class_of;
  std::vector<void*> data(buffers.size() + kClassSlot + buffers.size(), nullptr);
  std::vector<Tensor> results;
  for (size_t n = 0; n < kinds.size(); ++n) {
    kept.push_back(torch::stable::contiguous(classes[n]));
    class_of.push_back(indices(kept.back(), kinds[n].name, kinds[n].on_edges ? edges.count : rows));
  }
  size_t given = 0, tables = 0;
  for (size_t n = 0; n < buffers.size(); ++n) {
    const Buffer& buffer = buffers[n];
    const int64_t count = buffer.over == Over::kEdge ? edges.count : rows;
    switch (buffer.role) {
      case Role::kArgument:
        kept.push_back(floats(arguments[given++], buffer.name, dtype,
                              buffer.over == Over::kTable  ? kAnyRows
                              : buffer.over == Over::kOnce ? kNoRows
                                                           : count,
                              buffer.width));
        break;
      case Role::kResult:
        kept.push_back(rows_of(like, count, buffer.width));
        results.push_back(kept.back());
        break;
      case Role::kTemporary:
        kept.push_back(rows_of(like, count, buffer.width * padded(buffer.lanes, size)));
        if (buffer.added) torch::stable::zero_(kept.back());
        break;
    }
    data[n] = kept.back().data_ptr();
    if (buffer.over == Over::kTable) {
      const Classes& kind = kinds[buffer.classes];
      check_range(class_of[buffer.classes], kind.on_edges ? edges.count : rows, kept.back().size(0), kind.name,
                  "classes");
      data[buffers.size() + kClassSlot + tables++] = const_cast<int64_t*>(class_of[buffer.classes]);
    }
  }
  for (const Pass& pass : passes) {
    Rows* const evaluate = pass.rows[variant] == nullptr ? nullptr : pass.rows[variant]();
    STD_TORCH_CHECK(evaluate != nullptr, "this module is not compiled for ", variant ? "float64" : "float32",
                    " on this processor");
    Call call = pass.via == Via::kNone ? Call{} : edges.call(*graph, pass.via, rows);
    call.data = data.data();
    std::vector<Tensor> packed;
    for (size_t n = 0; n < pass.packed.size(); ++n) {
      const Packed& one = pass.packed[n];
      packed.push_back(rows_of(like, rows, one.components * padded(one.lanes, size)));
      data[buffers.size() + n] = packed.back().data_ptr();
    }
    if (!packed.empty()) {
      Rows* const pack = pass.pack[variant]();
      torch::stable::parallel_for(0, rows, 16, [&](int64_t begin, int64_t end) { pack(&call, begin, end); });
    }
    if (!pass.added.empty()) {
      std::vector<Tensor> sums;
      for (const int n : pass.added) sums.push_back(kept[kinds.size() + n]);
      in_shares(call, pass, data, sums, rows, evaluate, variant == 1);
      continue;
    }
    over_rows(call, rows, [&](int64_t begin, int64_t end) { evaluate(&call, begin, end); });
  }
  return results;
}

// -------------------------------------------------------------------- classes

template <typename T>
inline void add_rows(const T* from, const int64_t* of, T* to, int64_t rows, int64_t width) {
  torch::stable::parallel_for(0, width, 64, [&](int64_t begin, int64_t end) {
    for (int64_t n = 0; n < rows; ++n) {
      const T* const row = from + n * width;
      T* const sum = to + of[n] * width;
      for (int64_t k = begin; k < end; ++k) sum[k] += row[k];
    }
  });
}

// Row c of the result is the sum of the rows of class c, in their order.
inline Tensor class_sum(Tensor rows, Tensor classes, int64_t number) {
  STD_TORCH_CHECK(rows.dim() == 2 && rows.is_cpu(), "rows must have two axes, on the CPU");
  const ScalarType dtype = rows.scalar_type();
  STD_TORCH_CHECK(dtype == ScalarType::Float || dtype == ScalarType::Double, "rows must be float32 or float64");
  const int64_t count = rows.size(0), width = rows.size(1);
  const Tensor own = torch::stable::contiguous(rows), kinds = torch::stable::contiguous(classes);
  const int64_t* const of = indices(kinds, "classes", count);
  STD_TORCH_CHECK(number >= 0, "there cannot be ", number, " classes");
  check_range(of, count, number, "classes", "classes");
  const int64_t shape[] = {number, width};
  Tensor sums = torch::stable::new_zeros(own, {shape, 2});
  if (dtype == ScalarType::Double) {
    add_rows(static_cast<const double*>(own.data_ptr()), of, static_cast<double*>(sums.data_ptr()), count, width);
  } else {
    add_rows(static_cast<const float*>(own.data_ptr()), of, static_cast<float*>(sums.data_ptr()), count, width);
  }
  return sums;
}

}  // namespace fusionc
