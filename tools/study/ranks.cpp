#include "tools/study/ranks.hpp"

#include <mpi.h>

#include <cstdlib>

namespace apical::tools {
namespace {

enum Tag { ask, answer, result };
constexpr int none = -1;

// How long rank 0 looks at its own points before it hears the others again: short beside any point.
constexpr int patience_ms = 2;

std::string receive_text(int source, const MPI_Status& envelope) {
  int size = 0;
  MPI_Get_count(&envelope, MPI_CHAR, &size);
  std::string text(static_cast<std::size_t>(size), '\0');
  MPI_Recv(text.data(), size, MPI_CHAR, source, result, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return text;
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
  int working = count_ - 1;  // ranks that haven't been told that nothing is left
  while (!agenda.complete() || working > 0) {
    while (!pool.full()) {
      const auto point = agenda.next();
      if (!point) break;
      pool.start(*point);
    }
    for (const Row& row : pool.finished(patience_ms)) agenda.done(row);
    for (;;) {
      int waiting = 0;
      MPI_Status envelope;
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &waiting, &envelope);
      if (waiting == 0) break;
      if (envelope.MPI_TAG == result) {
        agenda.done(parse_row(receive_text(envelope.MPI_SOURCE, envelope)));
        continue;
      }
      MPI_Recv(nullptr, 0, MPI_INT, envelope.MPI_SOURCE, ask, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      const auto point = agenda.next();
      const int index = point ? static_cast<int>(*point) : none;
      if (index == none) --working;
      MPI_Send(&index, 1, MPI_INT, envelope.MPI_SOURCE, answer, MPI_COMM_WORLD);
    }
  }
}

void Ranks::work(Pool& pool) const {
  for (bool more = true; more || !pool.idle();) {
    while (more && !pool.full()) {
      int index = none;
      MPI_Send(nullptr, 0, MPI_INT, 0, ask, MPI_COMM_WORLD);
      MPI_Recv(&index, 1, MPI_INT, 0, answer, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      more = index != none;
      if (more) pool.start(static_cast<std::size_t>(index));
    }
    if (pool.idle()) break;
    for (const Row& row : pool.finished(-1)) {
      const std::string line = csv_line(row);
      MPI_Send(line.data(), static_cast<int>(line.size()), MPI_CHAR, 0, result, MPI_COMM_WORLD);
    }
  }
}

}  // namespace apical::tools
