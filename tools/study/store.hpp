// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace apical::tools {

/// One finished point, as the store keeps it. Nothing in it depends on when, where or beside what it ran.
struct Row {
  std::string digest;  ///< of the configuration
  std::string data;    ///< of the files that it reads, see data_digest()
  std::string build;   ///< build_id() of the program that ran it
  std::string machine;
  std::string status;   ///< "ok", "diverged", or "failed": it couldn't run to its end
  std::string measure;  ///< "accuracy" (0..1) or "mse"
  std::string tested;   ///< digits, or ticks, that the score is of
  std::string
      score_learning;  ///< of tests that learn (run.test_learning); "" where there are none, or they diverged
  std::string score, ticks, macs, events, energy_pj;  ///< of the training but for the score; "" without one
  std::string state;                                  ///< digest of the machine's state
  std::string settings;                               ///< "key=value" after "key=value"
  std::string trouble;                                ///< why it isn't ok, or what is clipped
  std::string notes;                                  ///< what loading lost

  double score_value() const;  ///< not a number without a score
};

/// The row as a line of CSV with a checksum and its newline, and back. Throws std::invalid_argument for what
/// is no row, or not as it was written.
std::string csv_line(const Row&);
Row parse_row(const std::string& line);

/// A field of CSV, in quotes where it needs them.
std::string csv_field(const std::string& text);

/// The rows of a store's text, and where the last whole one ends; a torn last row is left out. `name` is how
/// errors call the file: InputError for what is no store and for a whole line that is no row.
struct Rows {
  std::vector<Row> rows;
  std::size_t end = 0;  ///< 0: not even its first line is whole
};
Rows parse_rows(const std::string& text, const std::string& name);
/// The first line of a store, with its newline.
std::string store_header();

/// The results of a sweep: a CSV file that only grows. Every row is one write, on the disk when append()
/// returns; a row that a crash cut short is dropped on opening. Held by one process at a time.
class Store {
 public:
  /// Opens or makes the file for appending. Throws InputError where it can't, where another process holds it
  /// (after waiting for `patience` seconds), for a file that is no store, which it leaves as it is, and for a
  /// whole line that is no row.
  explicit Store(std::filesystem::path file, double patience = 3.0);
  /// In memory alone, for rows that are known already.
  Store() = default;
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void append(const Row&);
  /// Holds the row as that of this configuration on these data by this build, without writing it.
  void hold(const Row&, const std::string& digest, const std::string& data, const std::string& build);
  /// The last row of this configuration on these data by this build, or nullptr.
  const Row* find(const std::string& digest, const std::string& data, const std::string& build) const;

 private:
  void lock(double patience) const;
  void load();
  void write(const std::string& text);

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::map<std::string, Row> rows_;  ///< by digest, data and build
};

}  // namespace apical::tools
