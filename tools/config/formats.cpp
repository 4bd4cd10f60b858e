// SPDX-License-Identifier: Apache-2.0
#include "tools/config/formats.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/report/messages.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Format;

struct Meaning {
  const char* signal;
  const char* text;
};

// In the order of the document; default_formats() has the same names.
constexpr Meaning meanings[] = {
    {"input", "rate of layer 0"},
    {"target", "what the output is nudged to"},
    {"weight", "W; its rounding is that of the learning step"},
    {"basal", "I = W r, as it arrives"},
    {"apical", "a = W' err, as it arrives from above"},
    {"nudge", "e = r' a; beta (target - u) in the output layer"},
    {"mismatch", "m of the integrated Lagrangian scheme"},
    {"membrane", "s, the slow membrane"},
    {"u", "p, the prospective voltage that the unit fires on"},
    {"rate", "r, sent upwards"},
    {"slope", "r', the slope of the activation"},
    {"error", "err = p - I, sent downwards and used by learning"},
    {"step", "eta err, the factor that a row of weights shares; frac is placed by the compiler unless given"},
};

constexpr int signal_bits = 32, accumulator_bits = 62;

[[noreturn]] void refuse(const std::string& where, const std::string& key, const std::string& what,
                         const std::string& accepted) {
  throw InputError(fmt::format("{}: {}: {}; accepted: {}", where, echoed(key), echoed(what), accepted));
}

std::string shown(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

int whole(const toml::node& node, const std::string& where, const std::string& name, int low, int high,
          const char* others = "") {
  const auto value = node.is_integer() ? node.value<std::int64_t>() : std::nullopt;
  if (!value || *value < low || *value > high)
    refuse(where, name, shown(node), fmt::format("{}a whole number, {}..{}", others, low, high));
  return static_cast<int>(*value);
}

void apply_key(Format& format, const std::string& key, const toml::node& node, const std::string& where,
               const std::string& name, int max_bits) {
  const auto text = node.value<std::string>();
  const bool placed = name.rfind("formats.step.", 0) == 0;  // its binary point, by the compiler
  try {
    if (key == "bits") {
      format.bits = whole(node, where, name, 1, max_bits);
    } else if (key == "frac") {
      format.frac = placed && text == "auto" ? fixedpoint::automatic_frac
                                             : whole(node, where, name, -64, 64, placed ? "auto, or " : "");
    } else if (key == "signed") {
      if (!node.is_boolean()) refuse(where, name, shown(node), "true, false");
      format.is_signed = *node.value<bool>();
    } else if (key == "rounding") {
      format.rounding = fixedpoint::parse_rounding(echoed(node.is_string() ? *text : shown(node)));
    } else if (key == "overflow") {
      format.overflow = fixedpoint::parse_overflow(echoed(node.is_string() ? *text : shown(node)));
    } else if (key == "random_bits") {
      format.random_bits = whole(node, where, name, 1, 16);
    } else {
      refuse(where, name, "no such key", "bits, frac, signed, rounding, overflow, random_bits");
    }
  } catch (const std::invalid_argument& error) {
    throw InputError(fmt::format("{}: {}: {}", where, name, error.what()));
  }
}

int layer_number(const std::string& word) {
  int number = 0;
  const char* const end = word.data() + word.size();
  if (word.rfind("layer", 0) != 0) return 0;
  const auto [stop, error] = std::from_chars(word.data() + 5, end, number);
  return error == std::errc() && stop == end && number > 0 ? number : 0;
}

std::vector<std::string> split(const std::string& name) {
  std::vector<std::string> words;
  std::istringstream stream(name);
  for (std::string word; std::getline(stream, word, '.');) words.push_back(word);
  return words;
}

// Of the random bits only what differs from those of the format that this one starts from.
std::string in_braces(const Format& f, const Format& inherited = {}, const std::string& layers = "") {
  const std::string frac = f.frac == fixedpoint::automatic_frac ? "\"auto\"" : std::to_string(f.frac);
  const std::string random =
      f.random_bits == inherited.random_bits ? "" : fmt::format(", random_bits = {}", f.random_bits);
  return fmt::format("{{ bits = {}, frac = {}, signed = {}, rounding = \"{}\", overflow = \"{}\"{}{} }}",
                     f.bits, frac, f.is_signed, fixedpoint::name_of(f.rounding),
                     fixedpoint::name_of(f.overflow), random, layers);
}

}  // namespace

void apply_format(Config& config, const std::string& name, const toml::node& node, const std::string& where) {
  const std::vector<std::string> words = split(name);
  const auto line_of = [&](const toml::node& value) {
    return config.source == where ? where : fmt::format("{}:{}", config.source, value.source().begin.line);
  };
  const int layer = words.size() > 2 ? layer_number(words[2]) : 0;
  const bool is_format = words.size() == 1 || words.size() == 2 || (words.size() == 3 && layer > 0);
  if (is_format) {
    if (!node.is_table()) refuse(where, name, shown(node), "a table, e.g. { bits = 8, frac = 4 }");
    for (const auto& [inner, value] : *node.as_table())
      apply_format(config, fmt::format("{}.{}", name, inner.str()), value, line_of(value));
    return;
  }
  const std::string& signal = words[1];
  if (config.formats.by_signal.count(signal) == 0) {
    std::vector<std::string> names;
    for (const Meaning& m : meanings) names.push_back(m.signal);
    refuse(where, fmt::format("formats.{}", signal), "no such signal",
           fmt::format("{}; or the key allow_lossy_loading", fmt::join(names, ", ")));
  }
  if (words.size() > (layer > 0 ? 4u : 3u))
    refuse(where, name, "no such key", "formats.<signal>.<key> or formats.<signal>.layerK.<key>");
  Format& declared = config.formats.by_signal[signal];
  if (layer == 0) {
    apply_key(declared, words[2], node, where, name, signal_bits);
    config.where[fmt::format("formats.{}.{}", signal, words[2])] = where;
  } else {
    Format check = declared;  // reports a bad value now, not when layers are resolved
    apply_key(check, words[3], node, where, name, signal_bits);
    for (const std::string& key : {fmt::format("layer{}", layer), fmt::format("layer{}.{}", layer, words[3])})
      config.where[fmt::format("formats.{}.{}", signal, key)] = where;
    config.layer_formats[{signal, layer}][words[3]] =
        [key = words[3], name, where, copy = std::make_shared<toml::table>(toml::table{{"value", node}})](
            Format& f) { apply_key(f, key, *copy->get("value"), where, name, signal_bits); };
  }
  for (const auto& [place, changes] : config.layer_formats) {
    Format resolved = config.formats.by_signal[place.first];
    for (const auto& [key, change] : changes) change(resolved);
    config.formats.by_layer[place] = resolved;
  }
}

Format parse_format(const toml::table& table, Format base, const std::string& where,
                    const std::string& name) {
  for (const auto& [key, node] : table)
    apply_key(base, std::string(key.str()), node, where, fmt::format("{}.{}", name, key.str()),
              accumulator_bits);
  return base;
}

Format parse_format(const std::string& text, const std::string& where) {
  const auto refused = [&](const std::string& why) {
    return InputError(
        fmt::format("{}: {}{}; accepted: a table, e.g. {{ bits = 8, frac = 4 }}", where, text, why));
  };
  try {
    const toml::table table = toml::parse("format = " + text);
    if (!table["format"].is_table()) throw refused("");
    const Format format = parse_format(*table["format"].as_table(), {}, where, "format");
    fixedpoint::check(format, accumulator_bits, "format");
    return format;
  } catch (const toml::parse_error& error) {
    throw refused(fmt::format(": {}", error.description()));
  }
}

std::vector<Format*> formats_of(Config& config, const std::string& signal) {
  std::vector<Format*> all{&config.formats.by_signal.at(signal)};
  for (auto& [place, format] : config.formats.by_layer)
    if (place.first == signal) all.push_back(&format);
  return all;
}

nlohmann::ordered_json in_json(const Format& f) {
  nlohmann::ordered_json json = {{"bits", f.bits},
                                 {"frac", f.frac},
                                 {"signed", f.is_signed},
                                 {"rounding", fixedpoint::name_of(f.rounding)},
                                 {"overflow", fixedpoint::name_of(f.overflow)}};
  if (f.random_bits != 16) json["random_bits"] = f.random_bits;
  return json;
}

std::string format_text(const Format& format) {
  return in_braces(format, {});
}

std::vector<std::string> format_lines(const fixedpoint::FormatTable& formats) {
  std::vector<std::string> lines;
  for (const auto& [signal, format] : formats.by_signal) {
    std::string layers;
    for (auto at = formats.by_layer.lower_bound({signal, 0});
         at != formats.by_layer.end() && at->first.first == signal; ++at)
      layers += fmt::format(", layer{} = {}", at->first.second, in_braces(at->second, format));
    lines.push_back(fmt::format("formats.{} = {}", signal, in_braces(format, {}, layers)));
  }
  return lines;
}

std::string format_tables(const fixedpoint::FormatTable& formats) {
  const auto table = [](const std::string& name, const Format& f, const Format& inherited) {
    std::string text = fmt::format("\n[formats.{}]\nbits = {}\n", name, f.bits);
    text += f.frac == fixedpoint::automatic_frac ? "frac = \"auto\"\n" : fmt::format("frac = {}\n", f.frac);
    // A layer differs from what is said about its signal, not from the default.
    if (!f.is_signed || name.find('.') != std::string::npos)
      text += fmt::format("signed = {}\n", f.is_signed);
    if (f.random_bits != inherited.random_bits) text += fmt::format("random_bits = {}\n", f.random_bits);
    return text + fmt::format("rounding = \"{}\"\noverflow = \"{}\"\n", fixedpoint::name_of(f.rounding),
                              fixedpoint::name_of(f.overflow));
  };
  std::string text;
  for (const Meaning& m : meanings) {
    const Format& format = formats.by_signal.at(m.signal);
    const auto first = formats.by_layer.lower_bound({m.signal, 0});
    const bool by_layer = first != formats.by_layer.end() && first->first.first == m.signal;
    if (by_layer || in_braces(format) != in_braces(fixedpoint::default_formats().at(m.signal)))
      text += table(m.signal, format, Format());
    for (auto at = first; at != formats.by_layer.end() && at->first.first == m.signal; ++at)
      text += table(fmt::format("{}.layer{}", m.signal, at->first.second), at->second, format);
  }
  return text;
}

std::string format_document() {
  std::string text =
      "\n## Formats\n"
      "`[formats.<signal>]` has the keys `bits` (1..32), `frac` (fraction bits, -64..64: may be negative or "
      "exceed bits; of step also \"auto\"), `signed`,\n"
      "`rounding` (RND, RND_ZERO, RND_MIN_INF, RND_INF, RND_CONV, TRN, TRN_ZERO as in IEEE 1666, or "
      "STOCHASTIC with `random_bits`, 1..16, by default 16) and `overflow`\n"
      "(SAT, SAT_ZERO, SAT_SYM, WRAP). `[formats.<signal>.layerK]` says what differs in layer K.\n\n"
      "| signal | what it is | default |\n|---|---|---|\n";
  for (const Meaning& m : meanings)
    text += fmt::format("| `{}` | {} | `{}` |\n", m.signal, m.text,
                        in_braces(fixedpoint::default_formats().at(m.signal)));
  return text;
}

}  // namespace apical::tools
