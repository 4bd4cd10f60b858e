// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/config/config.hpp"
#include "tools/explore/prediction.hpp"
#include "tools/report/figure.hpp"

namespace apical::tools {

struct ProfileOptions {
  int windows = 4;  ///< places in the training where noise is measured
  std::uint64_t window_ticks = 256;
  double output_noise = 0.05;  ///< of the proposal, all signals together: RMS, share of the output's RMS
  double change_noise = 0.2;   ///< likewise, share of the RMS of the change of the weights
  double headroom = 1.25;      ///< of the proposal: factor on the largest magnitude seen
  int threads = 1;
  /// Points of accuracy, or percent of the mean squared error, that narrow weights and membranes may lose:
  /// what Profile::prediction is about. 0: nothing is predicted.
  double tolerance = 0.0;
};

/// What rounding one signal, or several, to the configured format does while everything else is wide.
struct Noise {
  double output = 0.0;        ///< RMS that it adds to u of the output layer, real units
  double output_share = 0.0;  ///< of the RMS of that u
  // Of the layer that suffers most:
  double change_share = 0.0;  ///< RMS that it adds to the change of the weights in a window, share of its RMS
  double kept = 1.0;          ///< component of that change along the one of the wide network, at most 1: 0
                              ///< where rounding has stopped learning
};

/// One signal of one layer.
struct SignalProfile {
  std::string signal;                   ///< as in [formats.<signal>]; "tables": the activation tables
  int layer = 0;                        ///< 1..N; 0 for input and tables
  fixedpoint::Format format;            ///< as configured
  double minimum = 0.0, maximum = 0.0;  ///< over the training, in wide formats
  double rms = 0.0;                     ///< over the windows, in wide formats
  bool clips = false;                   ///< the configured format doesn't hold minimum..maximum
  /// Measured at once, itself among them: several where matrices meet, since their fraction bits are tied.
  std::vector<std::pair<std::string, int>> together;
  Noise noise;  ///< of rounding alone: the format has the integer bits that its range needs
  std::optional<int> enough_frac;  ///< where there is no noise to extrapolate from: found by trying
};

/// What `apical profile` found.
struct Profile {
  std::vector<SignalProfile> signals;
  Noise together;  ///< the configuration as it is
  Noise proposed;  ///< the configuration with `proposal`
  fixedpoint::FormatTable proposal;
  std::string trouble;             ///< why there is no proposal, or ""
  int wide_bits = 0;               ///< of every signal of the reference
  double output_rms = 0.0;         ///< of u of the output layer over the windows
  double output_lsb = 0.0;         ///< of u of the output layer, as configured
  std::uint64_t ticks = 0;         ///< of training
  std::uint64_t window_ticks = 0;  ///< of all windows
  double score = 0.0;              ///< of the reference on the test stream
  bool classification = true;
  /// With a tolerance; the whole profile is then of a training that validation data are held back from.
  std::optional<Prediction> prediction;
};

/// Trains the emulator in formats as wide as the compiler can prove (ranges), and from the weights that it
/// has at several places of the training runs windows of learning: in the wide formats, and with one signal
/// of one layer rounded as configured (noise). The proposal has run in these windows, and no signal of it
/// clips more than 1 %. Throws InputError.
Profile profile(const Config&, const ProfileOptions&);

/// The profile as a table for a terminal, as JSON, and as a figure of every signal's noise.
std::string profile_text(const Profile&);
std::string profile_json(const Config&, const Profile&);
Figure profile_figure(const Profile&);

}  // namespace apical::tools
