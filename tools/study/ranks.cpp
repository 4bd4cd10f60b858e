// SPDX-License-Identifier: Apache-2.0
#include "tools/study/ranks.hpp"

#include <mpi.h>

#include <cstdlib>

namespace apical::tools {
namespace {

enum Tag { ask, answer, result };
constexpr int none = -1;

// How long a rank looks at its own points before it hears the others again: short beside any point.
constexpr int patience_ms = 2;

std::string receive_text(int source, const MPI_Status& envelope) {
  int size = 0;
  MPI_Get_count(&envelope, MPI_CHAR, &size);
  std::string text(static_cast<std::size_t>(size), '\0');
  MPI_Recv(text.data(), size, MPI_CHAR, source, result, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return text;
}

bool waits(int source, int tag, MPI_Status& envelope) {
  int waiting = 0;
  MPI_Iprobe(source, tag, MPI_COMM_WORLD, &waiting, &envelope);
  return waiting != 0;
}

void give(int index, int rank) {
  MPI_Send(&index, 1, MPI_INT, rank, answer, MPI_COMM_WORLD);
}

}  // namespace

bool under_mpi() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
}

bool speaks() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  if (rank == nullptr) rank = std::getenv("PMIX_RANK");
  return rank == nullptr || std::atoi(rank) == 0;
}

Ranks::Ranks() {
  MPI_Init(nullptr, nullptr);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &count_);
}

Ranks::~Ranks() {
  MPI_Finalize();
}

void Ranks::abort() {
  MPI_Abort(MPI_COMM_WORLD, 2);
  std::_Exit(2);
}

void Ranks::serve(Agenda& agenda, Pool& pool) const {
  std::vector<int> resting;  // ranks that asked when no point was left
  while (!agenda.complete() || static_cast<int>(resting.size()) < count_ - 1) {
    while (!pool.full()) {
      const auto point = agenda.next();
      if (!point) break;
      pool.start(*point);
    }
    for (const Row& row : pool.finished(patience_ms)) agenda.done(row);
    // A study that decides has more points when it knows how the last ones scored.
    while (!resting.empty()) {
      const auto point = agenda.next();
      if (!point) break;
      give(static_cast<int>(*point), resting.back());
      resting.pop_back();
    }
    MPI_Status envelope;
    while (waits(MPI_ANY_SOURCE, MPI_ANY_TAG, envelope)) {
      const int source = envelope.MPI_SOURCE;
      if (envelope.MPI_TAG == result) {
        agenda.done(parse_row(receive_text(source, envelope)));
        continue;
      }
      MPI_Recv(nullptr, 0, MPI_INT, source, ask, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      const auto point = agenda.next();
      if (point)
        give(static_cast<int>(*point), source);
      else
        resting.push_back(source);
    }
  }
  for (const int rank : resting) give(none, rank);
}

void Ranks::work(Pool& pool) const {
  bool more = true, asked = false;
  while (more || !pool.idle()) {
    if (more && !asked && !pool.full()) {
      MPI_Send(nullptr, 0, MPI_INT, 0, ask, MPI_COMM_WORLD);
      asked = true;
    }
    MPI_Status envelope;
    if (asked && waits(0, answer, envelope)) {
      int index = none;
      MPI_Recv(&index, 1, MPI_INT, 0, answer, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      asked = false;
      more = index != none;
      if (more) pool.start(static_cast<std::size_t>(index));
      continue;
    }
    // Sleeps rather than waits in MPI, which would take a core from the points.
    for (const Row& row : pool.finished(asked ? patience_ms : -1)) {
      const std::string line = csv_line(row);
      MPI_Send(line.data(), static_cast<int>(line.size()), MPI_CHAR, 0, result, MPI_COMM_WORLD);
    }
  }
}

}  // namespace apical::tools
