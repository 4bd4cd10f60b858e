#pragma once
#include "tools/experiments/experiment.hpp"

namespace apical::tools {

/// One file each.
Experiment energy();
Experiment action();
Experiment prospective();

Experiment derivative();
Experiment hodgkin_huxley();
Experiment backprop();
Experiment dendrites();
Experiment mapping();
Experiment digits();
Experiment receptive_fields();
Experiment lateral_weights();
Experiment alignment();
Experiment backprop_baseline();
Experiment equilibrium_propagation();
Experiment predictive_coding();
Experiment microcircuit_2018();

}  // namespace apical::tools
