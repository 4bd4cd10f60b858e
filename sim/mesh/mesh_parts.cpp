// SPDX-License-Identifier: Apache-2.0
#include "sim/mesh/mesh_parts.hpp"

#include <algorithm>

namespace apical::sim {

using fixedpoint::ActivationTable;
using fixedpoint::Population;
using fixedpoint::Program;
using fixedpoint::Projection;

namespace {

std::size_t place(int index) {
  return static_cast<std::size_t>(index);
}

Population cut(const Population& whole, UnitRange units) {
  Population p = whole;
  p.units = units.count;
  p.first_unit = units.first;
  for (auto* values : {&p.rho, &p.alpha}) {
    if (values->empty()) continue;
    const std::vector<std::int64_t> all = *values;
    values->assign(all.begin() + units.first, all.begin() + units.last());
  }
  return p;
}

// A population of which only the formats are wanted.
Population stand_in(const Population& whole) {
  Population p = whole;
  p.units = 1;
  p.rho.assign(1, 0);
  p.alpha.assign(1, 0);
  return p;
}

// What units that never run look up.
ActivationTable nothing() {
  ActivationTable table;
  table.in.is_signed = false;
  table.base = {0};
  return table;
}

// Everything but the weights, of which a large network has too many to copy them for every part.
Projection unloaded(const Projection& whole) {
  Projection p;
  p.weight = whole.weight;
  p.step = whole.step;
  p.one = whole.one;
  p.eta_dt = whole.eta_dt;
  p.eta_frac = whole.eta_frac;
  p.learn_shift = whole.learn_shift;
  return p;
}

Projection cut(const Projection& whole, UnitRange rows, UnitRange columns, bool bias) {
  Projection p = unloaded(whole);
  p.rows = rows.count;
  p.columns = columns.count + (bias ? 1 : 0);
  p.bias = bias;
  p.image.reserve(place(p.rows) * place(p.columns));
  for (int row = rows.first; row < rows.last(); ++row) {
    const auto from = whole.image.begin() + static_cast<std::ptrdiff_t>(row) * whole.columns + columns.first;
    p.image.insert(p.image.end(), from, from + p.columns);
  }
  return p;
}

// A matrix that stands for its formats.
Projection stand_in(const Projection& whole, int rows, int columns) {
  Projection p = unloaded(whole);
  p.rows = rows;
  p.columns = columns;
  p.bias = false;
  p.image.assign(place(rows) * place(columns), 0);
  return p;
}

// Everything but populations, projections, tables.
Program frame(const Program& whole, int first_layer) {
  Program part;
  part.beta = whole.beta;
  part.alpha_frac = whole.alpha_frac;
  part.beta_frac = whole.beta_frac;
  part.gamma = whole.gamma;
  part.advanced_response = whole.advanced_response;
  part.learning = whole.learning;
  part.seed = whole.seed;
  part.decay = whole.decay;
  part.first_layer = first_layer;
  return part;
}

void number(Program& part) {
  for (std::size_t k = 0; k < part.projections.size(); ++k) {
    part.projections[k].source = static_cast<int>(k);
    part.projections[k].target = part.projections[k].stream = static_cast<int>(k) + 1;
    part.projections[k].backward = k > 0;
  }
  part.output = static_cast<int>(part.populations.size()) - 1;
}

}  // namespace

Program slice_program(const Program& whole, int layer, UnitRange units) {
  const int last = static_cast<int>(whole.populations.size()) - 1;
  const Population& population = whole.populations[place(layer)];
  Program part = frame(whole, layer == 0 ? 0 : layer - 1);
  if (layer == 0) {
    part.populations = {cut(population, units), stand_in(whole.populations[1])};
    part.projections = {stand_in(whole.projections[0], 1, units.count)};
    part.rate_tables = part.slope_tables = {nothing(), nothing()};
    number(part);
    return part;
  }
  part.populations = {stand_in(whole.populations[place(layer - 1)]), cut(population, units)};
  part.projections = {stand_in(whole.projections[place(layer - 1)], units.count, 1)};
  part.rate_tables = {nothing(), whole.rate_tables[place(layer)]};
  part.slope_tables = {nothing(), whole.slope_tables[place(layer)]};
  if (layer < last) {
    part.populations.push_back(stand_in(whole.populations[place(layer + 1)]));
    part.projections.push_back(stand_in(whole.projections[place(layer)], 1, units.count));
    part.rate_tables.push_back(nothing());
    part.slope_tables.push_back(nothing());
  }
  number(part);
  return part;
}

Program tile_program(const Program& whole, int projection, UnitRange rows, UnitRange sources) {
  const Projection& matrix = whole.projections[place(projection)];
  const Population& source = whole.populations[place(matrix.source)];
  const Population& target = whole.populations[place(matrix.target)];
  Program part = frame(whole, matrix.source - 1);
  part.populations = {stand_in(source), cut(source, sources), cut(target, rows)};
  if (matrix.source == 0)  // of the input only the rate has a format: units without a membrane
    for (Population* p : {&part.populations[0], &part.populations[1]}) {
      p->formats = target.formats;
      (*p)[fixedpoint::Signal::rate] = source[fixedpoint::Signal::rate];
      p->rho.assign(place(p->units), 0);
      p->alpha.assign(place(p->units), 0);
    }
  part.projections = {stand_in(matrix, sources.count, 1),
                      cut(matrix, rows, sources, matrix.bias && sources.last() == source.units)};
  part.rate_tables = part.slope_tables = {nothing(), nothing(), nothing()};
  number(part);
  return part;
}

}  // namespace apical::sim
