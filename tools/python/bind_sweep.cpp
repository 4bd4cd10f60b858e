// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "tools/python/bindings.hpp"
#include "tools/study/agenda.hpp"
#include "tools/study/report.hpp"

namespace apical::python {

namespace py = pybind11;
using namespace tools;

namespace {

constexpr int milliseconds_between_signals = 100;

struct FinishedSweep {
  std::vector<Row> rows;
  std::vector<std::string> needs;
  std::string store, report;
};

void run_points(Agenda& agenda, Pool& pool) {
  while (!agenda.complete()) {
    while (!pool.full()) {
      const auto point = agenda.next();
      if (!point) break;
      pool.start(*point);
    }
    for (const Row& row : pool.finished(milliseconds_between_signals)) agenda.done(row);
    raise_pending_signal();
  }
}

FinishedSweep sweep(const py::object& path, const py::object& out, const py::object& overrides,
                    std::size_t threads, bool retry) {
  const std::string file = py::str(path).cast<std::string>();
  const std::vector<std::string> set = assignments(overrides);
  const std::filesystem::path folder = out.is_none()
                                           ? std::filesystem::path("out") / std::filesystem::path(file).stem()
                                           : std::filesystem::path(py::str(out).cast<std::string>());
  if (threads > 1024) throw InputError(fmt::format("threads: {}; accepted: 0..1024", threads));
  const py::gil_scoped_release others;
  Study study = read_study(file, set);
  check_points(study);
  FinishedSweep finished;
  finished.store = (folder / "results.csv").string();
  finished.report = (folder / "report.html").string();
  Store store(finished.store);
  try {
    Agenda agenda(study, store, retry ? Failures::retry : Failures::keep);
    Pool pool(study, threads > 0 ? threads : std::max<std::size_t>(1, std::thread::hardware_concurrency()));
    run_points(agenda, pool);
  } catch (const Pool::Stopped&) {
    const py::gil_scoped_acquire hold;
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    throw py::error_already_set();
  }
  std::map<std::string, bool> seen;
  for (const Point& point : study.points)
    if (const Row* row = row_of(store, point); row && !std::exchange(seen[point.digest], true))
      finished.rows.push_back(*row);
  OutputFolder output(folder);
  write_report(study, store, output);
  finished.needs = sentences(study, scores(study, store));
  return finished;
}

}  // namespace

void bind_sweep(py::module_& m) {
  py::class_<Row>(m, "SweepRow", "One configuration of a sweep, as its store keeps it.")
      .def_readonly("digest", &Row::digest, "Of its configuration.")
      .def_readonly("machine", &Row::machine)
      .def_readonly("status", &Row::status, "ok, diverged or failed.")
      .def_readonly("measure", &Row::measure, "accuracy (0..1) or mse.")
      .def_property_readonly("score", &Row::score_value, "nan without one.")
      .def_readonly("settings", &Row::settings, "What the point sets: \"key=value\" after \"key=value\".")
      .def_readonly("state_digest", &Row::state)
      .def_readonly("trouble", &Row::trouble, "Why it isn't ok, or what is clipped.")
      .def_readonly("notes", &Row::notes, "What loading lost, in one line.")
      .def("__repr__",
           [](const Row& row) { return fmt::format("<{}: {} {}>", row.settings, row.status, row.score); });
  py::class_<FinishedSweep>(m, "Sweep", "What a sweep has so far.")
      .def_readonly("rows", &FinishedSweep::rows, "list[SweepRow], one per configuration of the study.")
      .def_readonly("needs", &FinishedSweep::needs, "\"What you need\", a sentence per axis.")
      .def_readonly("store", &FinishedSweep::store, "The file results.csv.")
      .def_readonly("report", &FinishedSweep::report, "The file report.html.")
      .def("__repr__", [](const FinishedSweep& s) {
        return fmt::format("<apical.Sweep of {} configurations in {}>", s.rows.size(), s.store);
      });
  m.def("sweep", &sweep, py::arg("study"), py::arg("out") = py::none(), py::arg("overrides") = py::none(),
        py::arg("threads") = 0, py::arg("retry") = false,
        "Runs a study file, as `apical sweep` does: what its store has isn't run again.\n\n"
        "Every point is a process of its own; a point that crashes is a row that failed. out: folder of\n"
        "results.csv and the report (default: out/<study>). overrides: on top of the study's base.\n"
        "threads: points at a time, 0: one per core. retry: run points that failed once more.");
}

}  // namespace apical::python
