// SPDX-License-Identifier: Apache-2.0
#include "tools/run/interrupts.hpp"

namespace apical::tools {
namespace {

std::atomic<bool> raised{false};
std::atomic<int> caught{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void note(int signal) {
  caught = signal;
  raised = true;
}

void watch(int signal, struct sigaction& before) {
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupts::Interrupts() {
  raised = false;
  caught = 0;
  watch(SIGINT, interrupt_);
  watch(SIGTERM, terminate_);
}

Interrupts::~Interrupts() {
  sigaction(SIGINT, &interrupt_, nullptr);
  sigaction(SIGTERM, &terminate_, nullptr);
}

const std::atomic<bool>& Interrupts::flag() const {
  return raised;
}

int Interrupts::signal() const {
  return caught;
}

}  // namespace apical::tools
