// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/loading.hpp"
#include "tools/explore/mesh.hpp"
#include "tools/report/output_folder.hpp"
#include "tools/report/progress.hpp"
#include "tools/report/version.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  ConfigArguments config;
  std::string out;
  MeshChip chip;
  double memory_kib = 128.0;
  int lanes = 0, most = 4096;
  std::uint64_t ticks = 20;
  bool sweep = false, json = false;
};

std::string joined(const std::vector<int>& values) {
  std::string text;
  for (const int value : values) text += fmt::format("{}{}", text.empty() ? "" : "-", value);
  return text;
}

std::uint64_t fullest(const MeshMeasurement& m) {
  return *std::max_element(m.memory_bits.begin(), m.memory_bits.end());
}

double busiest(const MeshMeasurement& m) {
  double most = 0.0;
  for (const auto& links : m.link_load)
    for (const double load : links) most = std::max(most, load);
  return most;
}

nlohmann::ordered_json in_json(const MeshMeasurement& m, double megahertz) {
  nlohmann::ordered_json json = {{"cores", m.cores}, {"layers", m.layers}};
  if (!m.does_not_fit.empty()) {
    json["does_not_fit"] = m.does_not_fit;
    return json;
  }
  json.update({{"columns", m.columns},
               {"rows", m.rows},
               {"slices", m.slices},
               {"synapses", m.synapses},
               {"fullest_core_bits", fullest(m)},
               {"ticks", m.ticks},
               {"clocks_per_tick", m.clocks},
               {"ticks_per_second", m.ticks_per_second(megahertz)},
               {"busiest_core", *std::max_element(m.load.begin(), m.load.end())},
               {"lanes_busy", m.lanes_busy},
               {"packets_per_tick", m.packets},
               {"packets_at_home_per_tick", m.at_home},
               {"hops_per_tick", m.hops},
               {"packet_bits", m.packet_bits},
               {"busiest_link_packets_per_clock", busiest(m)},
               {"energy_pj_per_tick",
                {{"arithmetic", m.core_energy.arithmetic},
                 {"weight_memory", m.core_energy.weight_memory},
                 {"state_memory", m.core_energy.state_memory},
                 {"network_buffers", m.network_energy}}},
               {"state_digest", m.state_digest},
               {"equal", m.equal}});
  return json;
}

void print_one(const MeshMeasurement& m, const MeshChip& chip) {
  double mean = 0.0;
  for (const double load : m.load) mean += load / m.cores;
  fmt::print("{} on {} cores ({} x {}), {} lanes each, {:g} MHz, buffers of {} packets of {} bits\n",
             joined(m.layers), m.cores, m.columns, m.rows, chip.core.lanes, chip.megahertz, chip.buffer,
             m.packet_bits);
  fmt::print("  parts            {} per population\n", joined(m.slices));
  fmt::print("  memory           fullest core {:.1f} KiB of {:.1f}\n",
             static_cast<double>(fullest(m)) / 8192.0, static_cast<double>(chip.core.memory_bits) / 8192.0);
  fmt::print("  speed            {:.0f} clocks a tick, {:.0f} ticks a second\n", m.clocks,
             m.ticks_per_second(chip.megahertz));
  fmt::print("  load per core    mean {:.1f}%, highest {:.1f}% of the clocks; lanes {:.1f}%\n", 100.0 * mean,
             100.0 * *std::max_element(m.load.begin(), m.load.end()), 100.0 * m.lanes_busy);
  fmt::print(
      "  traffic          {:.0f} packets a tick, {:.2f} hops each; busiest link {:.3f} packets a clock\n",
      m.packets, m.packets > 0.0 ? m.hops / m.packets : 0.0, busiest(m));
  fmt::print(
      "  energy           {:.1f} nJ a tick: arithmetic {:.1f}, memory {:.1f}, buffers of the network "
      "{:.1f}\n",
      (m.core_energy.total() + m.network_energy) / 1e3, m.core_energy.arithmetic / 1e3,
      (m.core_energy.weight_memory + m.core_energy.state_memory) / 1e3, m.network_energy / 1e3);
  fmt::print("  state            {}, {} after each of {} ticks\n", m.state_digest,
             m.equal ? "equal to one core's" : "NOT that of one core", m.ticks + 1);
}

void print_table(const char* title, const std::vector<MeshMeasurement>& all, double megahertz) {
  fmt::print("{}\n  {:>6} {:>18} {:>12} {:>12} {:>12} {:>12} {:>12}  {}\n", title, "cores", "layers",
             "synapses", "clocks/tick", "ticks/s", "packets/tick", "nJ/tick", "state");
  for (const MeshMeasurement& m : all)
    if (!m.does_not_fit.empty())
      fmt::print("  {:>6} {:>18}  {}\n", m.cores, joined(m.layers), m.does_not_fit);
    else
      fmt::print("  {:>6} {:>18} {:>12} {:>12.0f} {:>12.0f} {:>12.0f} {:>12.1f}  {}\n", m.cores,
                 joined(m.layers), m.synapses, m.clocks, m.ticks_per_second(megahertz), m.packets,
                 (m.core_energy.total() + m.network_energy) / 1e3, m.equal ? "equal" : "NOT equal");
}

int execute(Arguments a) {
  Config config = a.config.read();
  if (a.lanes > 0) set_key(config, fmt::format("core.lanes={}", a.lanes), "--lanes");
  a.chip.core.lanes = config.lanes;
  a.chip.core.memory_bits = static_cast<std::uint64_t>(a.memory_kib * 8192.0);
  const auto [task, program] = prepare(config, Upto::mesh);
  const std::vector<std::string> notes = loading_notes(config, *program);
  say(notes);
  const double megahertz = a.chip.megahertz;
  const auto configured = [&, &task = task, &program = program](int cores) {
    MeshChip chip = a.chip;
    chip.cores = cores;
    return measure_mesh(program, make_stimulus(config, *task, program), chip, config.energy, a.ticks);
  };
  const MeshMeasurement m = configured(a.chip.cores);
  if (!m.does_not_fit.empty()) {
    fmt::print(stderr, "apical: {}\n", m.does_not_fit);
    return 1;
  }
  nlohmann::ordered_json json = in_json(m, megahertz);
  json["apical"] = provenance();
  json["notes"] = notes;
  if (!a.json) print_one(m, a.chip);
  bool equal = m.equal;
  OutputFolder out(a.out.empty() ? std::filesystem::path("out") /
                                       (std::filesystem::path(a.config.file).stem().string() + "-mesh")
                                 : std::filesystem::path(a.out));
  out.write("mesh.svg", mesh_figure(m));
  out.write("cores.csv", cores_csv(m));
  out.write("links.csv", links_csv(m));
  if (a.sweep) {
    std::vector<MeshMeasurement> same, largest;
    Progress progress({"mesh"});
    const auto sweep = [&](const char* key, std::vector<MeshMeasurement>& all, const auto& measure) {
      for (int cores = 1; cores <= a.most; cores *= 4) {
        progress.update(0, static_cast<std::uint64_t>(cores), static_cast<std::uint64_t>(a.most),
                        fmt::format("{}, {} cores", key, cores));
        all.push_back(measure(cores));
        equal = equal && (all.back().equal || !all.back().does_not_fit.empty());
        json[key].push_back(in_json(all.back(), megahertz));
      }
    };
    sweep("same_network", same, configured);
    sweep("largest_network", largest, [&](int cores) {
      MeshChip chip = a.chip;
      chip.cores = cores;
      const int n = largest_square(config, chip);
      if (n == 0) {
        MeshMeasurement none;
        none.cores = cores;
        none.does_not_fit = "no network fits";
        return none;
      }
      const auto square = square_network(config, n);
      return measure_mesh(square, make_random_stimulus(square, config.seed), chip, config.energy,
                          std::min<std::uint64_t>(a.ticks, 2));
    });
    if (!a.json) {
      print_table("the same network", same, megahertz);
      print_table("the largest network n-n-n that fits, every input new in every tick", largest, megahertz);
    }
    out.write("scaling.svg", scaling_figure(same, largest, megahertz));
    out.write("scaling.csv", scaling_csv(same, largest, megahertz));
  }
  out.write("mesh.json", json.dump(2) + "\n");
  out.commit(a.sweep ? std::vector<std::string>{} : std::vector<std::string>{"scaling.svg", "scaling.csv"});
  if (a.json)
    fmt::print("{}\n", json.dump(2));
  else
    fmt::print("written to {}\n", out.path().string());
  return equal ? 0 : 1;
}

}  // namespace

void add_mesh(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "mesh",
      "Split a network over a mesh of cores: load, traffic, speed, energy; the bits are those of one core");
  add_config(*command, a->config);
  add_weights(*command, a->config);
  command->add_option("--cores", a->chip.cores, "of the mesh, as square as may be (default 16)")
      ->check(CLI::Range(1, 16384));
  command->add_option("--clock", a->chip.megahertz, "MHz of the chip (default 200)")
      ->check(CLI::Range(0.001, 1e5));
  command->add_option("--buffer", a->chip.buffer, "packets at every input of a router (default 4)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--memory", a->memory_kib, "KiB per core (default 128)")->check(CLI::Range(0.1, 1e6));
  command
      ->add_option("--fan-in", a->chip.core.fan_in,
                   "sources that a core can listen to per matrix (default 4096)")
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--lanes", a->lanes, "of a core: 1, 2, 4 .. 64 (default: core.lanes)");
  command->add_option("--ticks", a->ticks, "ticks of training to measure, after a first one (default 20)")
      ->check(CLI::Range(1u, 1u << 31));
  command->add_flag("--sweep", a->sweep,
                    "also 1, 4, 16 .. 4096 cores: with this network, and with the largest that fits");
  command->add_option("--most", a->most, "cores up to which --sweep goes (default 4096)")
      ->check(CLI::Range(1, 16384));
  command->add_option("--out", a->out, "folder for figures and tables (default: out/<config>-mesh)");
  command->add_flag("--json", a->json, "print JSON");
  command->footer(
      "Exit status 1: it doesn't fit, or the bits are others than one core's.\n"
      "Example:\n  apical mesh tools/configs/digits8.toml --cores 16 --memory 4\n"
      "  apical mesh tools/configs/mnist.toml --cores 64 --lanes 16 --sweep");
  command->callback([a, &status] { status = execute(*a); });
}

}  // namespace apical::tools
