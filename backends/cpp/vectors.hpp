// Vectors of one register, and rows in blocks of them. Compiled once for each instruction set.
#pragma once
#include <cstdint>
#include <cstring>

// A function of its own. GCC 12 takes a function for pure whose loop writes through a pointer that it has counted up
// from an integer, and drops the calls, unless it is told not to look into it.
#if defined(__GNUC__) && !defined(__clang__)
#define FUSIONC_APART __attribute__((noipa))
#else
#define FUSIONC_APART __attribute__((noinline))
#endif

namespace fusionc {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

template <typename T>
struct Vectors {
  static constexpr int width = kVectorBytes / sizeof(T);
  typedef T Vector __attribute__((vector_size(kVectorBytes)));
  typedef T Unaligned __attribute__((vector_size(kVectorBytes), aligned(sizeof(T)), may_alias));
};

constexpr int blocks(int lanes, int width) { return (lanes + width - 1) / width; }

template <typename T>
inline typename Vectors<T>::Vector load(const T* from) {
  return (typename Vectors<T>::Vector)(*(const typename Vectors<T>::Unaligned*)from);
}

// The first `count` lanes; the others are zero.
template <typename T>
inline typename Vectors<T>::Vector load_some(const T* from, int count) {
  typename Vectors<T>::Vector value = {};
  for (int lane = 0; lane < count; ++lane) value[lane] = from[lane];
  return value;
}

template <typename T>
inline void store(T* to, typename Vectors<T>::Vector value) {
  *(typename Vectors<T>::Unaligned*)to = (typename Vectors<T>::Unaligned)value;
}

template <typename T>
inline void store_some(T* to, typename Vectors<T>::Vector value, int count) {
  for (int lane = 0; lane < count; ++lane) to[lane] = value[lane];
}

// The sum of the lanes, by halves.
template <typename T, int lanes>
inline T total_of(const T* value) {
  if constexpr (lanes == 1) {
    return value[0];
  } else {
    T halves[lanes / 2];
    for (int lane = 0; lane < lanes / 2; ++lane) halves[lane] = value[lane] + value[lane + lanes / 2];
    return total_of<T, lanes / 2>(halves);
  }
}

template <typename T>
inline T total(typename Vectors<T>::Vector value) {
  T lanes[Vectors<T>::width];
  std::memcpy(lanes, &value, sizeof lanes);
  return total_of<T, Vectors<T>::width>(lanes);
}

// From [lanes][dim] or, if `channels`, [dim][channels] to blocks [blocks][stride][width], the components from `first` on.
template <typename T, int dim, int lanes, int channels>
inline void pack(const T* from, T* to, int stride, int first) {
  constexpr int width = Vectors<T>::width;
  for (int block = 0; block * width < lanes; ++block) {
    const int count = lanes - block * width < width ? lanes - block * width : width;
    T* place = to + (block * stride + first) * width;
    for (int k = 0; k < dim; ++k) {
      for (int lane = 0; lane < count; ++lane) {
        const int u = block * width + lane;
        place[k * width + lane] = channels ? from[k * channels + u] : from[u * dim + k];
      }
      for (int lane = count; lane < width; ++lane) place[k * width + lane] = 0;
    }
  }
}

// The inverse of `pack`.
template <typename T, int dim, int lanes, int channels>
inline void unpack(const T* from, T* to, int stride, int first) {
  constexpr int width = Vectors<T>::width;
  for (int block = 0; block * width < lanes; ++block) {
    const int count = lanes - block * width < width ? lanes - block * width : width;
    const T* place = from + (block * stride + first) * width;
    if (channels) {
      for (int k = 0; k < dim; ++k)
        for (int lane = 0; lane < count; ++lane) to[k * channels + block * width + lane] = place[k * width + lane];
    } else {
      for (int lane = 0; lane < count; ++lane)
        for (int k = 0; k < dim; ++k) to[(block * width + lane) * dim + k] = place[k * width + lane];
    }
  }
}

}  // namespace fusionc
