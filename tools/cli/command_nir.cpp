// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>

#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/nir.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/config/weights_file.hpp"
#include "tools/report/output_folder.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  ConfigArguments config;
  std::string file, out, time_unit = "ms";
  NirReading reading;
  bool activation_in_metadata = false;
};

int import_graph(const Arguments& a) {
  const NirNetwork network = load_nir(a.file, a.reading);
  OutputFolder out(a.out.empty() ? fs::path("out") / fs::path(a.file).stem() : fs::path(a.out));
  out.write("configuration.toml", as_toml(network.config, "written by apical nir import from " +
                                                              fs::path(a.file).filename().string()));
  write_weights_file(out.stage("weights.npz"), network.weights);
  out.commit();
  fmt::print("layers {}, activation {}, {}\n", fmt::join(network.config.network.layers, "-"),
             name_of(network.config.network.activation), name_of(network.config.network.flow));
  for (const model::NamedMatrix& w : network.weights)
    fmt::print("{}: {} x {}\n", w.name, w.values.rows(), w.values.cols());
  fmt::print("written to {}: configuration.toml, weights.npz\n", out.path().string());
  return 0;
}

int export_graph(const Arguments& a) {
  const Config config = a.config.read();
  std::vector<model::NamedMatrix> weights;
  try {
    check(config);
    const std::vector<std::string> names = weight_names(config);
    for (model::WeightMatrix& matrix : starting_weights(config))
      weights.push_back({names[weights.size()], std::move(matrix)});
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
  save_nir(a.out, config, weights, a.time_unit, a.activation_in_metadata);
  fmt::print("written to {}\n", a.out);
  return 0;
}

}  // namespace

void add_nir(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("nir", "NIR, the exchange format of neuromorphic tools, to and from configurations");
  command->require_subcommand(1);
  CLI::App* from = command->add_subcommand("import", "Write a NIR graph as a configuration and its weights");
  from->add_option("FILE", a->file, "NIR graph (tools/README.md says what maps)")->required();
  from->add_option("--out", a->out, "folder for configuration.toml and weights.npz (default: out/<file>)");
  from->add_option("--dt", a->reading.dt, "ms per tick (default: that of its metadata, else 1)")
      ->check(CLI::PositiveNumber);
  from->add_option("--time-unit", a->reading.time_unit,
                   "what tau counts in: ms or s (default: that of its metadata, else ms)");
  from->add_option("--activation", a->reading.activation,
                   "of the hidden layers (default: that of its metadata, else linear)");
  from->footer(
      "Example:\n  apical nir import net.nir --out out/net && apical run out/net/configuration.toml "
      "--weights out/net/weights.npz");
  from->callback([a, &status] { status = import_graph(*a); });
  CLI::App* to = command->add_subcommand("export", "Write a configuration and weights as a NIR graph");
  add_config(*to, a->config);
  add_weights(*to, a->config);
  to->add_option("--out", a->out, "name of the file")->required();
  to->add_option("--time-unit", a->time_unit, "what tau counts in: ms (default) or s");
  to->add_flag("--activation-in-metadata", a->activation_in_metadata,
               "NIR has no activations: they go into the metadata, and other tools see linear layers");
  to->footer(
      "Example:\n  apical nir export tools/configs/digits8.toml --weights out/digits8/weights.h5 "
      "--activation-in-metadata --out digits8.nir");
  to->callback([a, &status] { status = export_graph(*a); });
}

}  // namespace apical::tools
