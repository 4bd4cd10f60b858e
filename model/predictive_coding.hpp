// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/network.hpp"

namespace apical::model {

/// Defaults are those of the code published with Whittington & Bogacz (2017).
struct PredictiveCodingSettings {
  double variance = 1.0;  ///< of the output layer, that of all others being 1
  double step = 0.1;      ///< of the relaxation, dt / τ
  int steps = 50;
};

/// Value nodes that have relaxed, by layer 0..N, [n_k × batch].
template <class S>
struct Relaxed {
  std::vector<Matrix<S>> rate;      ///< r̄_k, k < N; rate[0] are the inputs
  std::vector<Matrix<S>> mismatch;  ///< ε_k, k > 0
};

/// The network after value nodes u relaxed down the energy (41) from the forward pass by (42), the output
/// held at the target. Inputs [n_0 × batch] and targets [n_N × batch] have an example in each column. Chains
/// only; for double and float.
template <class S>
Relaxed<S> relaxed(const Network<S>&, const Matrix<S>& inputs, const Matrix<S>& targets,
                   const PredictiveCodingSettings&);

/// ΔW (43) for a learning rate of 1, the bias column included: the mean over the batch.
template <class S>
std::vector<Matrix<S>> predictive_coding(const Network<S>&, const Matrix<S>& inputs, const Matrix<S>& targets,
                                         const PredictiveCodingSettings&);

}  // namespace apical::model
