// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixedpoint/program/random_network.hpp"

namespace apical::test {

using fixedpoint::plain_network;
using fixedpoint::RandomNetwork;
using fixedpoint::RandomStimulus;

}  // namespace apical::test
