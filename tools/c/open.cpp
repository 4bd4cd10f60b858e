// SPDX-License-Identifier: Apache-2.0
// From a configuration to an emulator, and the shapes of what was opened.
#include <fmt/format.h>

#include "sim/machines/integer_machine.hpp"
#include "tools/c/handle.hpp"
#include "tools/config/imperfections.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/report/messages.hpp"
#include "tools/report/version.hpp"

namespace apical::c {
namespace {

using tools::Config;
using tools::InputError;

std::vector<model::WeightMatrix> read_weights(Config& config, const char* file) {
  if (file == nullptr) return tools::starting_weights(config);
  if (*file == '\0') throw InputError("weights: \"\"; accepted: a file of weights (HDF5 or .npz), or null");
  config.weights_file = file;
  static std::mutex hdf5;  // Debian's library isn't made for threads
  const std::lock_guard<std::mutex> alone(hdf5);
  return tools::starting_weights(config);
}

std::shared_ptr<OpenEmulator> opened(Config config, const char* weights, const char* const* overrides,
                                     std::size_t count) {
  if (count > 0) there(overrides, "overrides");
  for (std::size_t i = 0; i < count; ++i) {
    there(overrides[i], fmt::format("overrides[{}]", i).c_str());
    tools::set_key(config, overrides[i], "overrides");
  }
  try {
    tools::check(config);
    tools::refuse_imperfections(config, "the C interface");
    auto program = tools::compiled(config, read_weights(config, weights));
    fixedpoint::EmulatorOptions how;
    how.threads = config.threads;
    how.schedule = config.schedule;
    how.statistics = false;  // nobody could ask for them
    const std::string notes = fmt::format("{}", fmt::join(tools::loading_notes(config, *program), "\n"));
    return std::make_shared<OpenEmulator>(std::move(program), how, notes);
  } catch (const std::invalid_argument& error) {
    throw InputError(tools::located(config, error));
  }
}

}  // namespace
}  // namespace apical::c

using namespace apical;
using namespace apical::c;

uint32_t apical_abi_version(void) {
  return APICAL_ABI_VERSION;
}

const char* apical_version(void) {
  // Never destroyed, since it lasts for as long as anybody may read it.
  static const std::string* const text = [] {
    const std::string* made = nullptr;
    call([&] { made = new std::string(tools::program()); });
    return made;
  }();
  return text == nullptr ? "apical" : text->c_str();
}

apical_status apical_open(const char* configuration, const char* weights, const char* const* overrides,
                          size_t count, apical_emulator** handle) {
  return call([&] {
    there(configuration, "configuration");
    there(handle, "handle");
    *handle = enter(opened(tools::read_config(configuration), weights, overrides, count));
  });
}

apical_status apical_open_text(const char* text, const char* weights, const char* const* overrides,
                               size_t count, apical_emulator** handle) {
  return call([&] {
    there(text, "text");
    there(handle, "handle");
    *handle = enter(opened(tools::parse_config(text, "TOML"), weights, overrides, count));
  });
}

apical_status apical_close(apical_emulator* handle) {
  return call([&] {
    if (handle != nullptr) c::close(handle);
  });
}

apical_status apical_notes(apical_emulator* handle, const char** text) {
  return call(handle, [&](const OpenEmulator& e) {
    there(text, "text");
    *text = e.notes.c_str();
  });
}

apical_status apical_layers(apical_emulator* handle, int32_t* layers, int32_t* populations) {
  return call(handle, [&](const OpenEmulator& e) {
    if (layers != nullptr) *layers = e.program().output + 1;
    if (populations != nullptr) *populations = static_cast<std::int32_t>(e.program().populations.size());
  });
}

apical_status apical_units(apical_emulator* handle, int32_t layer, int32_t* units) {
  return call(handle, [&](const OpenEmulator& e) {
    there(units, "units");
    *units = e.program().populations[layer_index(e, layer)].units;
  });
}

apical_status apical_layer_name(apical_emulator* handle, int32_t layer, const char** name) {
  return call(handle, [&](const OpenEmulator& e) {
    there(name, "name");
    *name = e.program().populations[layer_index(e, layer)].name.c_str();
  });
}

apical_status apical_projections(apical_emulator* handle, int32_t* count) {
  return call(handle, [&](const OpenEmulator& e) {
    there(count, "count");
    *count = static_cast<std::int32_t>(e.program().projections.size());
  });
}

apical_status apical_projection_name(apical_emulator* handle, int32_t projection, const char** name) {
  return call(handle, [&](const OpenEmulator& e) {
    there(name, "name");
    *name = e.program().projections[projection_index(e, projection)].name.c_str();
  });
}

apical_status apical_projection_ends(apical_emulator* handle, int32_t projection, int32_t* source,
                                     int32_t* target) {
  return call(handle, [&](const OpenEmulator& e) {
    const fixedpoint::Projection& p = e.program().projections[projection_index(e, projection)];
    if (source != nullptr) *source = p.source;
    if (target != nullptr) *target = p.target;
  });
}

apical_status apical_rows(apical_emulator* handle, int32_t projection, int32_t* rows) {
  return call(handle, [&](const OpenEmulator& e) {
    there(rows, "rows");
    *rows = e.program().projections[projection_index(e, projection)].rows;
  });
}

apical_status apical_columns(apical_emulator* handle, int32_t projection, int32_t* columns) {
  return call(handle, [&](const OpenEmulator& e) {
    there(columns, "columns");
    *columns = e.program().projections[projection_index(e, projection)].columns;
  });
}

apical_status apical_format_of(apical_emulator* handle, int32_t signal, int32_t layer,
                               apical_format* format) {
  return call(handle, [&](const OpenEmulator& e) {
    const int field = field_index(e, signal, layer);
    there(format, "format");
    *format = in_c(sim::field_format(e.program(), layer, field));
  });
}

apical_status apical_weight_format(apical_emulator* handle, int32_t projection, apical_format* weight,
                                   apical_format* step) {
  return call(handle, [&](const OpenEmulator& e) {
    const fixedpoint::Projection& p = e.program().projections[projection_index(e, projection)];
    if (weight != nullptr) *weight = in_c(p.weight);
    if (step != nullptr) *step = in_c(p.step);
  });
}
