// SPDX-License-Identifier: Apache-2.0
#include "tools/study/pool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "tools/report/version.hpp"
#include "tools/run/data_digest.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {
namespace {

Row unfinished(const Study& study, const Point& point, const std::string& trouble) {
  Row row;
  row.digest = point.digest;
  row.data = point.data;
  row.build = build_id();
  row.status = "failed";
  row.settings = settings_text(study, point);
  row.trouble = trouble;
  return row;
}

// In the process of a point: runs it, writes its row, ends.
[[noreturn]] void work(const Study& study, const Point& point, int pipe, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it ended before it could be watched
  const std::string line = csv_line(run_point(study, point));
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t put = write(pipe, line.data() + done, line.size() - done);
    if (put <= 0) _exit(1);
    done += static_cast<std::size_t>(put);
  }
  _exit(0);
}

}  // namespace

const Row* row_of(const Store& store, const Point& point) {
  return store.find(point.digest, point.data, build_id());
}

Row run_point(const Study& study, const Point& point) {
  Row row = unfinished(study, point, "");
  try {
    const Config config = configuration(study, point);
    row.machine = name_of(config.machine);
    RunOptions options;
    options.quiet = true;
    options.details = false;
    const RunOutcome outcome = run(config, options);
    if (digest(config) != point.digest || data_digest(config) != point.data)
      throw InputError(
          "its data are other ones than when the sweep began; accepted: files that stay as they are");
    const RunResult& r = outcome.results.back();
    row.status = r.failed ? "diverged" : "ok";
    row.trouble = r.trouble;
    row.notes = fmt::format("{}", fmt::join(outcome.notes, "; "));
    row.measure = r.classification ? "accuracy" : "mse";
    if (row.status == "ok" && std::isfinite(r.score)) row.score = fmt::format("{}", r.score);
    if (row.status == "ok" && std::isfinite(r.score_learning))
      row.score_learning = fmt::format("{}", r.score_learning);
    row.tested = fmt::format("{}", r.tested);
    row.ticks = fmt::format("{}", r.ticks);
    row.macs = fmt::format("{}", r.macs);
    row.events = fmt::format("{}", r.events);
    sim::Energy energy;
    for (const sim::Energy& layer : r.energy) energy += layer;
    if (!r.energy.empty()) row.energy_pj = fmt::format("{}", energy.total());
    row.state = r.state_digest;
  } catch (const std::exception& error) {
    row.trouble = error.what();
  }
  return row;
}

Pool::~Pool() {
  for (const Job& job : jobs_) {
    kill(job.process, SIGKILL);
    waitpid(job.process, nullptr, 0);
    close(job.pipe);
  }
}

void Pool::start(std::size_t index) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw InputError(fmt::format("sweep: no pipe ({}); accepted: fewer --threads", std::strerror(errno)));
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process == 0) {
    close(ends[0]);
    for (const Job& job : jobs_) close(job.pipe);
    work(study_, study_.points[index], ends[1], parent);
  }
  close(ends[1]);
  if (process < 0) {
    close(ends[0]);
    throw InputError(fmt::format("sweep: no process ({}); accepted: fewer --threads", std::strerror(errno)));
  }
  jobs_.push_back({process, ends[0], index, ""});
}

Row Pool::row_of(const Job& job) const {
  int status = 0;
  while (waitpid(job.process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !job.text.empty() && job.text.back() == '\n')
    return parse_row(job.text);
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) throw Stopped{signal};
  return unfinished(study_, study_.points[job.index],
                    signal != 0 ? fmt::format("ended by signal {} ({})", signal, strsignal(signal))
                                : "ended without a result");
}

std::vector<Row> Pool::finished(int milliseconds) {
  std::vector<Row> rows;
  std::vector<pollfd> watched;
  watched.reserve(jobs_.size());
  for (const Job& job : jobs_) watched.push_back({job.pipe, POLLIN, 0});
  if (poll(watched.data(), watched.size(), milliseconds) <= 0) return rows;
  std::vector<Job> running, ended;
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    Job& job = jobs_[i];
    char block[4096];
    const ssize_t got = watched[i].revents == 0 ? 1 : read(job.pipe, block, sizeof block);
    if (watched[i].revents != 0 && got > 0) job.text.append(block, static_cast<std::size_t>(got));
    (got > 0 ? running : ended).push_back(job);
  }
  jobs_ = std::move(running);
  for (const Job& job : ended) close(job.pipe);
  for (const Job& job : ended) rows.push_back(row_of(job));
  return rows;
}

}  // namespace apical::tools
