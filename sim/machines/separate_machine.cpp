// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/separate_machine.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace apical::sim {
namespace {

using nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

// False where the other side is gone.
template <class Transfer, class Byte>
bool all_of(Transfer transfer, int socket, Byte* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t done = transfer(socket, bytes, size, MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes += done;
    size -= static_cast<std::size_t>(done);
  }
  return true;
}

// A message is its size and as many bytes of CBOR, which keeps doubles as they are.
bool put(int socket, const json& message) {
  Bytes bytes(sizeof(std::uint64_t));
  json::to_cbor(message, bytes);
  const std::uint64_t size = bytes.size() - sizeof size;
  std::memcpy(bytes.data(), &size, sizeof size);
  return all_of(send, socket, bytes.data(), bytes.size());
}

bool take(int socket, json& message) {
  std::uint64_t size = 0;
  if (!all_of(recv, socket, reinterpret_cast<std::uint8_t*>(&size), sizeof size)) return false;
  Bytes bytes(size);
  if (!all_of(recv, socket, bytes.data(), bytes.size())) return false;
  message = json::from_cbor(bytes);
  return true;
}

struct World {
  std::vector<double> input, target;  ///< of the last tick
};

// What a call returns; null where nobody waits for it.
json answer(const SeparateMachine::Made& made, World& world, const json& call) {
  Machine& machine = *made.machine;
  const std::string what = call[0];
  if (what == "tick") {
    const bool changed = call.size() > 2;
    if (changed) {
      world.input = call[2].get<std::vector<double>>();
      world.target = call[3].get<std::vector<double>>();
    }
    machine.tick(world.input.data(), world.target.empty() ? nullptr : world.target.data(), call[1], changed);
    return nullptr;
  }
  if (what == "scale") {
    machine.set_learning_scale(call[1]);
    return nullptr;
  }
  if (what == "read") return machine.read(call[1], call[2]);
  if (what == "weights") return machine.weights(call[1]);
  if (what == "digest") return machine.state_digest();
  if (what == "statistics") {
    json all = json::array();
    for (const SignalStatistics& s : machine.statistics())
      all.push_back({s.signal, s.layer, s.population, s.format, s.minimum, s.maximum, s.count, s.saturated,
                     s.rounded_to_zero, s.used_bits, s.resolution});
    return all;
  }
  if (what == "trouble") return machine.trouble();
  if (what == "macs") return machine.macs();
  if (what == "events") return machine.events();
  if (what == "finish") {
    made.finish();
    return nullptr;
  }
  const CoreCounts c = machine.core_counts();
  return {c.lanes, c.ticks, c.clocks, c.lane_clocks};
}

// In the process of the machine: answers until nobody asks any more. After trouble that is all it says.
[[noreturn]] void serve(int socket, const SeparateMachine::Make& make) {
  for (const int number : {SIGINT, SIGTERM})
    signal(number, SIG_IGN);  // for the other process, with which its end of the socket goes
  SeparateMachine::Made made;
  World world;
  std::string trouble;
  for (json call; take(socket, call);) {
    json result;
    try {
      if (made.machine == nullptr && trouble.empty()) made = make();
      if (trouble.empty()) result = answer(made, world, call);
    } catch (const std::exception& error) {
      trouble = error.what();
    }
    if (!trouble.empty()) result = json{{"trouble", trouble}};
    if (call[0] != "tick" && call[0] != "scale" && !put(socket, result)) break;
  }
  _exit(0);
}

}  // namespace

SeparateMachine::Process::~Process() {
  // A child that somebody forked off has a copy of this, and nothing to end.
  if (id > 0 && owner == getpid()) {
    kill(id, SIGKILL);
    while (waitpid(id, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (socket >= 0) close(socket);
}

SeparateMachine::SeparateMachine(std::string name, std::size_t inputs, std::size_t targets, const Make& make)
    : name_(std::move(name)), inputs_(inputs), targets_(targets) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error(fmt::format("{}: no socket ({})", name_, std::strerror(errno)));
  process_.socket = ends[0];
  process_.id = fork();
  if (process_.id == 0) {
    close(ends[0]);
    serve(ends[1], make);
  }
  close(ends[1]);
  if (process_.id < 0)
    throw std::runtime_error(fmt::format("{}: no process ({})", name_, std::strerror(errno)));
  ask({"counts"});  // made, or not
}

void SeparateMachine::tell(const json& call) const {
  if (!put(process_.socket, call)) throw std::runtime_error(fmt::format("{}: its process has ended", name_));
}

json SeparateMachine::ask(const json& call) const {
  tell(call);
  json result;
  if (!take(process_.socket, result))
    throw std::runtime_error(fmt::format("{}: its process has ended", name_));
  if (result.is_object()) throw std::runtime_error(result["trouble"]);
  return result;
}

void SeparateMachine::finish() {
  ask({"finish"});
}

void SeparateMachine::tick(const double* input, const double* target, double nudge, bool changed) {
  if (std::exchange(shown_, true) && !changed) return tell({"tick", nudge});
  const std::vector<double> inputs(input, input + inputs_);
  const std::vector<double> targets(target, target == nullptr ? nullptr : target + targets_);
  tell({"tick", nudge, inputs, targets});
}

void SeparateMachine::set_learning_scale(double factor) {
  tell({"scale", factor});
}

std::vector<double> SeparateMachine::read(const std::string& signal, int layer) const {
  return ask({"read", signal, layer});
}

std::vector<double> SeparateMachine::weights(int projection) const {
  return ask({"weights", projection});
}

std::string SeparateMachine::state_digest() const {
  return ask({"digest"});
}

CoreCounts SeparateMachine::core_counts() const {
  const json c = ask({"counts"});
  return {c[0], c[1], c[2], c[3]};
}

std::vector<SignalStatistics> SeparateMachine::statistics() const {
  std::vector<SignalStatistics> all;
  for (const json& s : ask({"statistics"}))
    all.push_back({s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10]});
  return all;
}

std::string SeparateMachine::trouble() const {
  return ask({"trouble"});
}

std::uint64_t SeparateMachine::macs() const {
  return ask({"macs"});
}

std::uint64_t SeparateMachine::events() const {
  return ask({"events"});
}

}  // namespace apical::sim
