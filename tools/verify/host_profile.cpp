// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/host_profile.hpp"

#include "tools/verify/corner_stimulus.hpp"

namespace apical::tools {

const std::vector<std::string>& profile_names() {
  static const std::vector<std::string> names{"smoke", "learning", "random", "corners"};
  return names;
}

HostProfile make_host_profile(const std::string& name, const Config& config, const Assignment& given) {
  HostProfile profile;
  profile.program = given.program;
  if (name == "corners") {
    profile.program = with_corner_weights(*given.program);
    profile.unreachable = fixedpoint::prove_corners(*profile.program);
    profile.stimulus = [program = profile.program, proof = profile.unreachable, seed = config.seed] {
      return make_corner_stimulus(program, proof, seed);
    };
  } else if (name == "random") {
    profile.stimulus = [program = profile.program, seed = config.seed] {
      return make_random_stimulus(program, seed);
    };
  } else {
    profile.stimulus = [&config, &given, smoke = name == "smoke"]() -> sim::Stimulus {
      sim::Stimulus task = make_stimulus(config, *given.task, given.program);
      if (!smoke) return task;
      return [task = std::move(task), beta = sim::beta_register(*given.program, given.program->beta)] {
        sim::TickStimulus s = task();
        s.beta = beta;
        return s;
      };
    };
  }
  return profile;
}

}  // namespace apical::tools
