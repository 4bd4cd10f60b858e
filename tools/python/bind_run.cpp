// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <pybind11/stl.h>

#include <atomic>
#include <chrono>
#include <future>

#include "tools/config/starting_weights.hpp"
#include "tools/python/bindings.hpp"
#include "tools/report/output_folder.hpp"
#include "tools/run/run.hpp"

namespace apical::python {

namespace py = pybind11;
using tools::Config;
using tools::RunOutcome;
using tools::RunResult;

namespace {

constexpr std::chrono::milliseconds between_signals{100};

// An outcome with the configuration that it is of.
struct FinishedRun {
  Config config;
  RunOutcome outcome;
};

// The training on a thread of its own, so that this one can answer Ctrl-C.
RunOutcome run_interruptibly(const Config& config, tools::RunOptions options) {
  std::atomic<bool> interrupted{false};
  options.interrupted = &interrupted;
  const py::gil_scoped_release others;
  auto job = std::async(std::launch::async, [&] { return tools::run(config, options); });
  try {
    while (job.wait_for(between_signals) != std::future_status::ready) raise_pending_signal();
  } catch (...) {
    interrupted = true;
    job.wait();
    throw;
  }
  return job.get();
}

FinishedRun run(const Config& base, const std::string& machine, const py::object& weights,
                const py::object& trace, const py::object& timeline, const py::object& out, bool quiet) {
  const auto path = [](const py::object& name) {
    return name.is_none() ? std::string() : py::str(name).cast<std::string>();
  };
  FinishedRun finished{base, {}};
  Config& config = finished.config;
  if (!machine.empty()) tools::set_key(config, "run.machine=" + machine, "machine");
  tools::RunOptions options;
  options.initial = starting_weights(config, weights);
  options.trace = path(trace);
  options.timeline = path(timeline);
  options.quiet = quiet;
  std::optional<tools::OutputFolder> folder;
  if (!out.is_none()) folder.emplace(path(out));
  finished.outcome = run_interruptibly(config, options);
  if (folder) tools::write_results(config, finished.outcome, *folder);
  return finished;
}

// Matrices by name over the memory of `owner`.
template <class Data>
py::dict by_name(const Config& config, const RunOutcome& outcome, const py::object& owner, Data data) {
  const std::vector<std::string> names = tools::weight_names(config);
  py::dict all;
  for (std::size_t k = 0; k < names.size(); ++k) {
    Doubles matrix({outcome.initial[k].rows(), outcome.initial[k].cols()}, data(k), owner);
    matrix.attr("setflags")(py::arg("write") = false);
    all[py::str(names[k])] = matrix;
  }
  return all;
}

py::list results(const py::object& self) {
  py::list all;
  for (const RunResult& r : self.cast<const FinishedRun&>().outcome.results)
    all.append(py::cast(r, py::return_value_policy::reference_internal, self));
  return all;
}

}  // namespace

void bind_run(py::module_& m) {
  py::class_<tools::CurvePoint>(m, "CurvePoint", "One point of a learning curve.")
      .def_readonly("ticks", &tools::CurvePoint::ticks, "Of training so far.")
      .def_readonly("score", &tools::CurvePoint::score,
                    "Accuracy 0..1, or mean squared error, on frozen weights.")
      .def_readonly("score_learning", &tools::CurvePoint::score_learning,
                    "Of the same training whose tests learn (run.test_learning); else nan.")
      .def("__repr__", [](const tools::CurvePoint& p) {
        return fmt::format("<CurvePoint {} ticks: {:.4g}>", p.ticks, p.score);
      });
  py::class_<RunResult>(m, "MachineResult", "What one machine of a run did.")
      .def_readonly("machine", &RunResult::machine)
      .def_readonly("score", &RunResult::score,
                    "Accuracy 0..1, or mean squared error, of the last test; nan without one.")
      .def_readonly("tested", &RunResult::tested, "Digits, or ticks, that the last test scored.")
      .def_readonly("score_learning", &RunResult::score_learning,
                    "Of the same training whose tests learn (run.test_learning); else nan.")
      .def_readonly("classification", &RunResult::classification, "True: score is an accuracy.")
      .def_readonly("curve", &RunResult::curve, "list[CurvePoint], one per test.")
      .def_readonly("signals", &RunResult::signals, "list[SignalStatistics].")
      .def_readonly("state_digest", &RunResult::state_digest)
      .def_readonly("ticks", &RunResult::ticks, "Of training.")
      .def_readonly("macs", &RunResult::macs)
      .def_readonly("events", &RunResult::events)
      .def_readonly("wall_seconds", &RunResult::wall_seconds)
      .def_readonly("failed", &RunResult::failed, "True when it diverged.")
      .def_readonly("trouble", &RunResult::trouble, "\"\", or what diverged or is clipped.")
      .def("__repr__", [](const RunResult& r) {
        return fmt::format("<{}: {} after {} ticks, state {}>", r.machine, tools::score_text(r), r.ticks,
                           r.state_digest);
      });
  py::class_<FinishedRun>(m, "Run", "What a run produced.")
      .def_readonly("config", &FinishedRun::config)
      .def_property_readonly("results", &results, "list[MachineResult]; golden first when both ran.")
      .def_property_readonly(
          "result", [](const FinishedRun& r) -> const RunResult& { return r.outcome.results.back(); },
          "That of the machine which isn't the reference.")
      .def_property_readonly(
          "notes", [](const FinishedRun& r) { return r.outcome.notes; }, "list[str]: what loading lost.")
      .def(
          "weights",
          [](const py::object& self, int index) {
            const auto& r = self.cast<const FinishedRun&>();
            const int count = static_cast<int>(r.outcome.results.size());
            if (index < -count || index >= count)
              throw tools::InputError(fmt::format("result {}; accepted: {}..{}", index, -count, count - 1));
            const auto& weights =
                r.outcome.results[static_cast<std::size_t>(index < 0 ? index + count : index)].weights;
            return by_name(r.config, r.outcome, self, [&](std::size_t k) { return weights[k].data(); });
          },
          py::arg("result") = -1,
          "{name: matrix} at the end, of results[result]; read-only views, no copies.")
      .def(
          "initial_weights",
          [](const py::object& self) {
            const auto& r = self.cast<const FinishedRun&>();
            return by_name(r.config, r.outcome, self,
                           [&](std::size_t k) { return r.outcome.initial[k].data(); });
          },
          "{name: matrix} that it started from, likewise.")
      .def("__repr__", [](const FinishedRun& r) {
        std::vector<std::string> all;
        for (const RunResult& result : r.outcome.results)
          all.push_back(fmt::format("{} {}", result.machine, tools::score_text(result)));
        return fmt::format("<apical.Run {}>", fmt::join(all, ", "));
      });
  m.def("run", &run, py::arg("config"), py::arg("machine") = "", py::arg("weights") = py::none(),
        py::arg("trace") = py::none(), py::arg("timeline") = py::none(), py::arg("out") = py::none(),
        py::arg("quiet") = false,
        "Trains and tests the task of a configuration, as `apical run` does.\n\n"
        "machine: golden, emulator, both, tlm or rtl (default: run.machine).\n"
        "weights: as for Machine. trace: HDF5 file for u, rate, error and basal of every training tick.\n"
        "timeline: of tlm, for Perfetto. out: folder for result.json, weights.h5 and "
        "report.html.\n"
        "Progress goes to a terminal unless quiet. Other Python threads run meanwhile; Ctrl-C ends it.");
}

}  // namespace apical::python
