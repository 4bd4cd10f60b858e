// SPDX-License-Identifier: Apache-2.0
#include "tools/config/activation_file.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <charconv>
#include <cmath>
#include <optional>

#include "model/input_file.hpp"
#include "tools/config/config_keys.hpp"
#include "tools/report/messages.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;
using Real =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<50>, boost::multiprecision::et_off>;

const std::string what = "a CSV file with the header u,phi or u,phi,dphi and a row for each sample";
constexpr std::size_t fewest = 4, most = 65536;  // as many as the longest table has entries
constexpr double largest = 1e9, closest = 1e-9;  // so that no double of (63) overflows
constexpr std::uintmax_t most_bytes = std::uintmax_t{1} << 23;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? ""
                                         : text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const auto comma = line.find(',');
    fields.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

std::optional<double> number(std::string_view text) {
  double x = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (error != std::errc() || end != text.data() + text.size() || !(std::abs(x) <= largest))
    return std::nullopt;
  return x;
}

// Reads line after line, and knows which one an error is about.
class Reader {
 public:
  Reader(const fs::path& path, ActivationSamples& samples) : path_(path), samples_(samples) {}

  void line(std::string_view text) {
    ++line_;
    if (!text.empty() && text.front() == '#') return;
    const std::vector<std::string_view> fields = fields_of(text);
    if (columns_ == 0)
      header(fields, text);
    else
      row(fields, text);
  }
  bool has_slopes() const { return columns_ == 3; }
  [[noreturn]] void refuse(const std::string& wrong, const std::string& accepted) const {
    throw InputError(fmt::format("{}:{}: {}; accepted: {}", path_.string(), line_, wrong, accepted));
  }

 private:
  void header(const std::vector<std::string_view>& fields, std::string_view text) {
    const std::vector<std::string_view> names{"u", "phi", "dphi"};
    const bool known =
        (fields.size() == 2 || fields.size() == 3) && std::equal(fields.begin(), fields.end(), names.begin());
    if (!known) refuse(fmt::format("header \"{}\"", echoed(std::string(text), 80)), "u,phi or u,phi,dphi");
    columns_ = fields.size();
  }

  void row(const std::vector<std::string_view>& fields, std::string_view text) {
    if (fields.size() != columns_)
      refuse(fmt::format("\"{}\"", echoed(std::string(text), 80)),
             fmt::format("a row of {} numbers", columns_));
    double values[3] = {};
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto x = number(fields[i]);
      if (!x)
        refuse(fmt::format("{} \"{}\"",
                           i == 0   ? "u"
                           : i == 1 ? "phi"
                                    : "dphi",
                           echoed(std::string(fields[i]), 80)),
               fmt::format("a number, {:g}..{:g}", -largest, largest));
      values[i] = *x;
    }
    if (!samples_.u.empty() && !(values[0] - samples_.u.back() >= closest))
      refuse(fmt::format("u {} after {}", values[0], samples_.u.back()),
             fmt::format("u that ascends from row to row, by {:g} at least", closest));
    if (samples_.u.size() == most) refuse("one row more", fmt::format("{} rows at most", most));
    samples_.u.push_back(values[0]);
    samples_.rate.push_back(values[1]);
    samples_.slope.push_back(values[2]);
  }

  const fs::path& path_;
  ActivationSamples& samples_;
  std::size_t columns_ = 0, line_ = 0;
};

// To the double next to it that isn't larger in magnitude, so that no slope gets steeper than (64) allows.
double towards_zero(const Real& x) {
  const auto nearest = static_cast<double>(x);
  return abs(Real(nearest)) > abs(x) ? std::nextafter(nearest, 0.0) : nearest;
}

// (64)
std::vector<double> monotone_slopes(const std::vector<double>& u, const std::vector<double>& rate) {
  const std::size_t n = u.size();
  std::vector<Real> h, secant;
  for (std::size_t i = 0; i + 1 < n; ++i) {
    h.push_back(Real(u[i + 1]) - Real(u[i]));
    secant.push_back((Real(rate[i + 1]) - Real(rate[i])) / h[i]);
  }
  const auto at_end = [](const Real& h0, const Real& h1, const Real& s0, const Real& s1) {
    const Real slope = ((2 * h0 + h1) * s0 - h0 * s1) / (h0 + h1);
    if (slope * s0 <= 0) return Real(0);
    return s0 * s1 <= 0 && abs(slope) > 3 * abs(s0) ? Real(3 * s0) : slope;
  };
  std::vector<double> slopes{towards_zero(at_end(h[0], h[1], secant[0], secant[1]))};
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const Real &before = secant[i - 1], &after = secant[i];
    const Real w1 = 2 * h[i] + h[i - 1], w2 = h[i] + 2 * h[i - 1];
    slopes.push_back(before * after <= 0 ? 0.0 : towards_zero((w1 + w2) / (w1 / before + w2 / after)));
  }
  slopes.push_back(towards_zero(at_end(h[n - 2], h[n - 3], secant[n - 2], secant[n - 3])));
  return slopes;
}

[[noreturn]] void refuse(const std::string& where, const std::string& name, const std::string& wrong,
                         const std::string& accepted) {
  throw InputError(fmt::format("{}: {}: {}; accepted: {}", where, echoed(name), echoed(wrong), accepted));
}

}  // namespace

SharedSamples read_activation(const fs::path& path, const std::string& name) {
  const std::string text = model::read_input(path, what, most_bytes);
  auto samples = std::make_shared<ActivationSamples>();
  samples->name = name;
  Reader reader(path, *samples);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    reader.line(std::string_view(text).substr(at, end - at));
    at = end + 1;
  }
  if (samples->u.size() < fewest)
    reader.refuse(fmt::format("the file ends after {} samples", samples->u.size()),
                  fmt::format("{}; {} rows at least", what, fewest));
  if (!reader.has_slopes()) samples->slope = monotone_slopes(samples->u, samples->rate);
  return samples;
}

std::string hash_of(const ActivationSamples& samples) {
  std::vector<double> all;
  for (const auto* column : {&samples.u, &samples.rate, &samples.slope})
    for (const double x : *column) all.push_back(x == 0.0 ? 0.0 : x);  // −0 is 0
  const XXH128_hash_t hash = XXH3_128bits(all.data(), all.size() * sizeof(double));
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

void apply_activation_table(Config& config, const std::string& name, const toml::node& node,
                            const std::string& where) {
  constexpr const char* form = "{ table = \"FILE.csv\" }";
  const std::string key = "network.activation";
  const toml::node* file = &node;
  std::string hash;
  if (name == key) {
    const toml::table& table = *node.as_table();
    for (const auto& [inner, value] : table)
      if ((inner != "table" && inner != "hash") || !value.is_string())
        refuse(where, fmt::format("{}.{}", key, inner.str()),
               inner == "table" || inner == "hash" ? "no string" : "no such key", form);
    if (!table.contains("table")) refuse(where, key, "no table", form);
    file = table.get("table");
    hash = table["hash"].value_or(std::string());
  } else if (name != key + ".table" || !node.is_string()) {
    refuse(where, name, name == key + ".table" ? "no string" : "no such key", form);
  }
  const std::string named = *file->value<std::string>();
  const std::string folder = fs::path(config.source).parent_path().string();
  SharedSamples samples;
  try {
    samples = read_activation(fs::path(folder) / named, named);
  } catch (const std::runtime_error& error) {
    throw InputError(fmt::format("{}: {}: {}", where, key, error.what()));
  }
  if (!hash.empty() && hash != hash_of(*samples))
    refuse(where, key, fmt::format("{} has other samples than when this was written", named),
           fmt::format("a file of hash {}, or none said", echoed(hash, 40)));
  config.network.activation = model::Activation(samples);
  config.activation_folder = folder;
  config.where[key] = where;
}

std::string activation_table_text(const ActivationSamples& samples) {
  return fmt::format("{{ table = {}, hash = \"{}\" }}", toml_string(samples.name), hash_of(samples));
}

std::string activation_csv(const ActivationSamples& samples) {
  std::string text = "u,phi,dphi\n";
  for (std::size_t i = 0; i < samples.u.size(); ++i)
    text += fmt::format("{},{},{}\n", samples.u[i], samples.rate[i], samples.slope[i]);
  return text;
}

model::Activation with_whole_path(const Config& config) {
  const model::Activation& activation = config.network.activation;
  if (activation.samples() == nullptr) return activation;
  auto samples = std::make_shared<ActivationSamples>(*activation.samples());
  samples->name =
      fs::absolute(fs::path(config.activation_folder) / samples->name).lexically_normal().string();
  return model::Activation(samples);
}

}  // namespace apical::tools
