#pragma once
#include <string>
#include <utility>
#include <vector>

#include "tools/config.hpp"
#include "tools/output_folder.hpp"

namespace apical::tools {

/// One curve of a figure; points that aren't finite are left out.
struct Line {
  std::string name;
  std::vector<std::pair<double, double>> points;
  bool marks = false;          ///< a dot at every point
  bool joined = true;          ///< by a line from point to point
  std::vector<double> half{};  ///< half the width of the interval around each point; empty: none
};

/// Images of rows × columns values each, in one block; colours as image_uri() has them.
struct Tiles {
  std::string name;
  std::vector<std::vector<double>> images;
  int rows = 0, columns = 0;
};

/// One figure: NAME.svg and, with the same points, NAME.csv (columns series, x, y and, with intervals, half).
/// Lines, or blocks of images, of which x is the value's place and y the value.
struct Figure {
  std::string name, caption, x_label, y_label;
  std::vector<Line> lines;
  bool log_x = false, log_y = false;
  std::vector<std::string> ticks{};  ///< names of x = 0, 1, ...; empty: numbers
  bool bars = false;                 ///< bars side by side at the ticks instead of curves
  std::vector<Tiles> tiles{};        ///< in place of lines
};

/// A stated bound beside what was measured; `relation` is "<=" or ">=".
struct Check {
  std::string what;
  double measured = 0.0;
  std::string relation;
  double bound = 0.0;
  bool holds() const;  ///< false for what isn't a number
};

/// What an experiment found.
struct Findings {
  std::vector<Check> checks;
  std::vector<std::pair<std::string, double>> numbers;  ///< measured, without a bound
  std::vector<Figure> figures;
  std::vector<std::string> notes;

  void at_most(std::string what, double measured, double bound) {
    checks.push_back({std::move(what), measured, "<=", bound});
  }
  void at_least(std::string what, double measured, double bound) {
    checks.push_back({std::move(what), measured, ">=", bound});
  }
  bool passed() const;
};

/// What an analysis works with: the experiment's configuration with the user's changes; config.machine is
/// "golden" or "emulator".
struct Setting {
  Config config;
  bool quick = false, full = false;
};

/// A panel of the poster: a configuration and an analysis.
struct Experiment {
  const char* name;
  const char* panel;  ///< of the poster
  const char* title;
  const char* claim;          ///< what the poster says
  const char* method;         ///< what is done, in two or three sentences
  const char* configuration;  ///< TOML
  Findings (*analyse)(const Setting&);
  bool golden_only = false;         ///< the integer machines can't run it yet
  std::vector<const char*> full{};  ///< "section.key=value" on top of it under --full
};

/// All experiments in the order of the report.
const std::vector<Experiment>& experiments();

/// Throws InputError listing the names.
const Experiment& find_experiment(const std::string& name);

/// Runs one experiment and writes result.json, figures and their data to folder/MACHINE/NAME, all or none.
Findings run_experiment(const Experiment&, const Setting&, const std::filesystem::path& folder);

/// Runs a gnuplot script that writes `svg`. Throws InputError where that fails.
void run_gnuplot(const std::string& script, const std::filesystem::path& svg);
/// The head of such a script: terminal, output, fonts, labels.
std::string gnuplot_head(const std::filesystem::path& svg, const std::string& x_label,
                         const std::string& y_label);
/// Names of the axis ("x" or "y") at 0, 1, ...
std::string gnuplot_ticks(const std::string& axis, const std::vector<std::string>& names);
/// Draws the figure, lines with gnuplot. Throws InputError where that fails.
void draw(const Figure&, const std::filesystem::path& svg);
std::string csv(const Figure&);

/// A self-contained page in the style of the experiments; `title` is text, `body` HTML.
std::string page(const std::string& title, const std::string& body);
/// An SVG file as an image that brings its own data, with a caption.
std::string figure_html(const std::string& svg, const std::string& caption);

/// Writes folder/index.html: every experiment that has a result.json in it, machines beside each other.
void write_page(OutputFolder& folder);

}  // namespace apical::tools
