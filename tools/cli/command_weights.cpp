// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "model/output_file.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/raw_weights.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/config/weights_file.hpp"
#include "tools/report/messages.hpp"
#include "tools/report/output_folder.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  ConfigArguments config;
  std::string out;
  bool raw = false;
};

void convert_real(const Config& config, const fs::path& out) {
  const std::vector<std::string> names = weight_names(config);
  std::vector<model::NamedMatrix> weights;
  for (model::WeightMatrix& matrix : starting_weights(config))
    weights.push_back({names[weights.size()], std::move(matrix)});
  if (out.extension() == ".csv")
    model::write_output(out, weights_csv(weights));
  else if (out.extension().empty() || out.extension() == ".memh")
    throw InputError(
        fmt::format("--out: {}: memory images hold raw integers; accepted: --raw beside it, or a "
                    "name that ends in .npz, .h5, .hdf5 or .csv",
                    out.string()));
  else
    write_weights_file(out, weights);
  for (const model::NamedMatrix& w : weights)
    fmt::print("{}: {} x {}\n", w.name, w.values.rows(), w.values.cols());
}

void convert_raw(const Config& config, const fs::path& out) {
  const auto program = compiled(config, starting_weights(config));
  if (out.extension() == ".csv") {
    model::write_output(out, raw_weights_csv(*program));
  } else if (out.extension() == ".npz") {
    model::write_output(out, raw_weights_npz(*program));
  } else if (out.extension().empty()) {
    OutputFolder folder(out);
    for (const auto& [name, text] : weight_memories(*program)) folder.write(name, text);
    folder.commit();
  } else {
    throw InputError(fmt::format(
        "--out: {}: which format?; accepted: with --raw a name that ends in .npz or .csv, or a folder",
        out.string()));
  }
  for (const fixedpoint::LoadReport& load : program->loads)
    fmt::print("{}: {} weights of {} bits, frac {}: {} became 0, {} saturated, largest error {:.3g}\n",
               load.name, load.values, load.format.bits, load.format.frac, load.became_zero, load.saturated,
               load.largest_error);
}

int convert(const Arguments& a) {
  const Config config = a.config.read();
  try {
    check(config);
    (a.raw ? convert_raw : convert_real)(config, a.out);
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
  fmt::print("written to {}\n", a.out);
  return 0;
}

}  // namespace

void add_weights_command(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("weights", "Weights from one format of files to another");
  command->require_subcommand(1);
  CLI::App* to = command->add_subcommand(
      "convert", "Write the weights that a configuration starts from: as they are, or as integers");
  add_config(*to, a->config);
  add_weights(*to, a->config);
  to->add_option("--out", a->out,
                 "a name that ends in .npz, .h5, .hdf5 or .csv; with --raw in .npz or .csv, or a folder for "
                 "memory images (weights_W1.memh, ..)")
      ->required();
  to->add_flag("--raw", a->raw,
               "raw integers as the machine loads them, quantised, and what became 0 or saturated");
  to->footer(
      "Example:\n  apical weights convert tools/configs/digits8.toml --weights out/digits8/weights.h5 "
      "--raw --out out/images");
  to->callback([a, &status] { status = convert(*a); });
}

}  // namespace apical::tools
