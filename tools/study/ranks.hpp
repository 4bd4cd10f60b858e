// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>

#include "tools/study/agenda.hpp"

namespace apical::tools {

/// Whether mpirun (OpenMPI) or srun with PMIx started this process.
bool under_mpi();
/// Whether this process is the one that speaks: not another rank than 0.
bool speaks();

/// A process of several under MPI. Rank 0 keeps the store and hands out points one by one, and works itself
/// in between; each rank runs points in processes of its own, so that rank 0 always hears the others.
class Ranks {
 public:
  Ranks();
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return rank_; }
  int count() const { return count_; }
  void serve(Agenda&, Pool&) const;  ///< rank 0: until every row is in the store
  void work(Pool&) const;            ///< the others: until no point is left
  /// Ends all ranks with exit status 2.
  [[noreturn]] static void abort();

 private:
  int rank_ = 0, count_ = 1;
};

}  // namespace apical::tools
