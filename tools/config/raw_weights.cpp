// SPDX-License-Identifier: Apache-2.0
#include "tools/config/raw_weights.hpp"

#include <fmt/format.h>

#include "model/npz_file.hpp"
#include "model/zip_file.hpp"

namespace apical::tools {
namespace {

template <class Job>
void for_each_holder(const fixedpoint::Program& program, Job job) {
  for (const fixedpoint::Projection& p : program.projections)
    if (p.shares < 0) job(p);
}

}  // namespace

std::string weight_memh(const fixedpoint::Projection& p) {
  std::string text = fmt::format(
      "// weights of {} before the first tick, {}{} rows of {} columns, row by row; {} bits, {}, frac {}\n",
      p.name, p.negated ? "the negative of the theory's, " : "", p.rows, p.columns, p.weight.bits,
      p.weight.is_signed ? "signed" : "unsigned", p.weight.frac);
  const std::uint64_t mask = (std::uint64_t{1} << p.weight.bits) - 1;
  for (const std::int64_t raw : p.image)
    text += fmt::format("{:0{}x}\n", static_cast<std::uint64_t>(raw) & mask, (p.weight.bits + 3) / 4);
  return text;
}

std::map<std::string, std::string> weight_memories(const fixedpoint::Program& program) {
  std::map<std::string, std::string> files;
  for_each_holder(program, [&](const fixedpoint::Projection& p) {
    files[fmt::format("weights_{}.memh", p.name)] = weight_memh(p);
  });
  return files;
}

std::string raw_weights_csv(const fixedpoint::Program& program) {
  std::string text = "projection,row,column,raw,value\n";
  for_each_holder(program, [&](const fixedpoint::Projection& p) {
    std::size_t n = 0;
    for (int i = 0; i < p.rows; ++i)
      for (int j = 0; j < p.columns; ++j, ++n)
        text += fmt::format("{},{},{},{},{}\n", p.name, i, j, p.image[n],
                            p.value(p.image[n]) + 0.0);  // no -0
  });
  return text;
}

std::string raw_weights_npz(const fixedpoint::Program& program) {
  std::vector<std::pair<std::string, std::string>> entries;
  for_each_holder(program, [&](const fixedpoint::Projection& p) {
    const Eigen::Map<const model::IntegerMatrix> raw(p.image.data(), p.rows, p.columns);
    entries.emplace_back(p.name + ".npy", model::npy(model::IntegerMatrix(raw)));
  });
  return model::zip_archive(entries);
}

std::string weights_csv(const std::vector<model::NamedMatrix>& weights) {
  std::string text = "projection,row,column,value\n";
  for (const model::NamedMatrix& w : weights)
    for (Eigen::Index i = 0; i < w.values.rows(); ++i)
      for (Eigen::Index j = 0; j < w.values.cols(); ++j)
        text += fmt::format("{},{},{},{}\n", w.name, i, j, w.values(i, j));
  return text;
}

}  // namespace apical::tools
