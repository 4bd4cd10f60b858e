// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/task.hpp"
#include "tools/config/config.hpp"
#include "tools/config/key_value.hpp"

namespace apical::tools {

/// A position on an axis.
struct AxisValue {
  std::string label;
  double number = 0.0;  ///< not a number for what has no size, such as a rounding
  std::vector<KeyValue> set;
};

/// What a design varies: listed values of one key or of several that move together, or a range of one key.
struct Axis {
  std::string name, where;
  std::vector<std::string> keys;
  std::vector<AxisValue> values;  ///< empty for a range
  double low = 0.0, high = 0.0;   ///< of a range
  bool logarithmic = false, whole = false;
  bool prefer_large = false;  ///< of the values within the budget the largest is wanted (a tolerance)
  bool numeric() const;       ///< every value has a size
};

/// A set of points: all combinations of its axes ("grid"), `count` independent draws ("random") or `count`
/// draws of which each of `count` equal parts of every axis holds one ("latin-hypercube").
struct Design {
  std::string name, title, kind;
  std::vector<Axis> axes;
  int count = 0;
  std::uint64_t seed = 1;
};

/// How the questions of a study, "does this lose less than the budget against the reference", are decided.
struct Deciding {
  double error = 0.05;    ///< that any of all verdicts is wrong
  std::size_t first = 3;  ///< seeds of every point
  std::size_t most = 60;  ///< seeds of one that stays undecided
  bool confirm = false;  ///< search on validation data; then confirm the choices on test data, on fresh seeds
};

/// One configuration to run.
struct Point {
  std::size_t design = 0;     ///< index in Study::designs
  std::vector<AxisValue> at;  ///< one per axis of the design
  std::size_t repeat = 0;     ///< index in Study::seeds
  std::string digest;         ///< of its configuration
  std::string data;           ///< of the files that it reads, see data_digest(); or absent_data
};

/// The digest of data that aren't here.
inline constexpr const char* absent_data = "absent";

/// Whether points need the files that they read, or only what an earlier store says of them is wanted.
enum class Data { needed, may_be_absent };

/// A study file: a base configuration and the designs around it.
struct Study {
  std::string title, source;
  Config base;
  std::vector<std::uint64_t> seeds;  ///< empty: one repeat with the seed of the base
  std::vector<std::string> seed_keys{"run.seed"};
  double budget = 0.5;  ///< points of accuracy, or percent of a mean squared error
  std::optional<Deciding>
      decide;                  ///< none: as many seeds as `seeds` for all; else seeds has all there may be
  bool has_reference = false;  ///< designs[0] is the one point that the others are measured against
  std::vector<Design> designs;
  std::vector<Point> points;  ///< by design, position, repeat; a configuration may occur in several designs
  /// Of check_points(): while they are there, tasks with the same data find them in memory.
  std::vector<std::shared_ptr<const model::Task>> tasks;

  std::size_t repeats() const { return seeds.empty() ? 1 : seeds.size(); }
};

/// Reads a study (TOML; tools/study/README.md lists the keys). `set` are assignments on top of the study's
/// own, beneath the axes. Every value is tried on the base, and the files that points read are hashed. Throws
/// InputError
/// "FILE:LINE: KEY: ...; accepted: ...".
Study read_study(const std::string& path, const std::vector<std::string>& set = {}, Data = Data::needed);

/// Whether the point is one of those that confirm choices on test data.
bool confirms(const Study&, const Point&);

/// Makes what every point needs but runs none: reads its data, compiles its program, holds its machine
/// against its limits. Throws InputError that names the first point which can't run, and why.
void check_points(Study&);

/// All positions of a design, in the order of the store. A pure function of the design.
std::vector<std::vector<AxisValue>> positions(const Design&);

/// The configuration of a point; single-threaded.
Config configuration(const Study&, const Point&);

/// What the point sets, "key=value" after "key=value", the seeds included.
std::string settings_text(const Study&, const Point&);

}  // namespace apical::tools
