// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/random/normal_distribution.hpp>

#include "model/elementary.hpp"

// Boost draws a normal number from tables and asks for an exponential only where those don't decide. Its two
// densities call the C library's, which is another one on another processor; here they get the project's.
// Whoever draws normal numbers includes this file instead of Boost's.
namespace boost::random::detail {

template <>
inline double unit_normal_distribution<double>::f(double x) {
  return apical::model::exp(-(x * x / 2));
}
template <>
inline double unit_exponential_distribution<double>::f(double x) {
  return apical::model::exp(-x);
}

}  // namespace boost::random::detail
