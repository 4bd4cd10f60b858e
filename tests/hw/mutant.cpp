// SPDX-License-Identifier: Apache-2.0
// Runs the mutants that hw/mutate puts into one core, each in a process of its own: lockstep on programs that
// use everything, until the first difference. Prints the numbers of those that nothing tells from the core.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>

#include "VMutant.h"
#include "lockstep.hpp"
#include "random_program.hpp"

using namespace apical;

namespace {

int chosen = 0;  ///< mutant 0 is the core itself

/// The core with one mutation switched on. A mutant that would not answer ends with an exception.
class Mutant : public VMutant {
 public:
  explicit Mutant(VerilatedContext* context, const char* name) : VMutant(context, name) {
    mutant = static_cast<std::uint16_t>(chosen);
  }
  void eval() {
    if (++evaluations_ > 4'000'000) throw std::runtime_error("the mutant does not come to an end");
    if (clk_i != 0 && clock_ == 0 && retire_valid_o != 0) follow();
    clock_ = clk_i;
    VMutant::eval();
  }

 private:
  // What the retire port says of a signal has to follow from what it said before.
  void follow() {
    if (retire_old_o == retire_new_o) throw std::runtime_error("a signal retired without a change");
    const auto [known, is_new] =
        retired_.try_emplace(std::pair<int, int>(retire_signal_o, retire_addr_o), retire_new_o);
    if (!is_new && known->second != retire_old_o) throw std::runtime_error("a change was not retired");
    known->second = retire_new_o;
  }

  std::uint64_t evaluations_ = 0;
  int clock_ = 0;
  std::map<std::pair<int, int>, int> retired_;
};

// As hw/mutate elaborated the core.
sim::CoreParameters parameters() {
  return sim::named_core(APICAL_CORES, "small");
}

}  // namespace

TEST(Mutant, IsTheEmulator) {
  for (std::uint64_t seed = 1; seed <= MUTANT_PROGRAMS; ++seed) {
    std::mt19937_64 random(seed);
    const auto program = test::random_small_program(random, parameters());
    sim::run_lockstep<Mutant>(program, parameters(), 24, random());
    if (HasFatalFailure()) return;
  }
}

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  if (count < 2 || count > 3) {
    std::cerr << "Usage: mutant LAST | mutant --only NUMBER\n";
    return 2;
  }
  if (count == 3) {
    chosen = std::stoi(arguments[2]);
    return RUN_ALL_TESTS();
  }
  const int last = std::stoi(arguments[1]);
  const unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  std::map<pid_t, int> running;
  const auto wait_for_one = [&] {
    int status = 0;
    const auto child = running.find(wait(&status));
    if (child == running.end()) return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) std::cout << child->second << std::endl;
    running.erase(child);
  };
  for (int number = 0; number <= last; ++number) {
    if (running.size() >= jobs) wait_for_one();
    chosen = number;
    const pid_t child = fork();
    if (child == 0) {
      if (std::freopen("/dev/null", "w", stdout) == nullptr ||
          std::freopen("/dev/null", "w", stderr) == nullptr)
        _exit(1);
      _exit(RUN_ALL_TESTS());
    }
    if (child < 0) {
      std::cerr << "mutant: cannot start a process\n";
      return 1;
    }
    running.emplace(child, number);
  }
  while (!running.empty()) wait_for_one();
  return 0;
}
