// SPDX-License-Identifier: Apache-2.0
#include "tools/study/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <thread>

#include "sim/core/external_tools.hpp"
#include "tools/report/messages.hpp"
#include "tools/report/numbers.hpp"

namespace apical::tools {
namespace {

struct Column {
  const char* name;
  std::string Row::*field;
};

constexpr Column columns[] = {{"digest", &Row::digest},       {"data", &Row::data},
                              {"build", &Row::build},         {"machine", &Row::machine},
                              {"status", &Row::status},       {"measure", &Row::measure},
                              {"score", &Row::score},         {"score_learning", &Row::score_learning},
                              {"tested", &Row::tested},       {"ticks", &Row::ticks},
                              {"macs", &Row::macs},           {"events", &Row::events},
                              {"energy_pj", &Row::energy_pj}, {"state", &Row::state},
                              {"settings", &Row::settings},   {"trouble", &Row::trouble},
                              {"notes", &Row::notes}};

[[noreturn]] void refuse(const std::string& file, const std::string& what, const std::string& accepted) {
  throw InputError(fmt::format("{}: {}; accepted: {}", file, what, accepted));
}

bool is_digest(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// A checksum tells what was damaged; this tells what no sweep would have written.
void check(const Row& row) {
  const auto require = [](bool holds, const char* column, const std::string& value) {
    if (!holds) throw std::invalid_argument(fmt::format("{} \"{}\"", column, value));
  };
  require(is_digest(row.digest), "digest", row.digest);
  require(row.data.empty() || is_digest(row.data), "data", row.data);
  require(is_digest(row.build), "build", row.build);
  const bool ok = row.status == "ok";
  require(ok || row.status == "diverged" || row.status == "failed", "status", row.status);
  const bool accuracy = row.measure == "accuracy";
  require(accuracy || row.measure == "mse" || (!ok && row.measure.empty()), "measure", row.measure);
  const double score = row.score_value();
  require(ok ? score >= 0.0 && std::isfinite(score) && !(accuracy && score > 1.0) : row.score.empty(),
          "score", row.score);
  const double learning = parse_number<double>(row.score_learning).value_or(-1.0);
  require(row.score_learning.empty() ||
              (ok && learning >= 0.0 && std::isfinite(learning) && !(accuracy && learning > 1.0)),
          "score_learning", row.score_learning);
  for (const auto& [name, field] : {std::pair("tested", &Row::tested), std::pair("ticks", &Row::ticks),
                                    std::pair("macs", &Row::macs), std::pair("events", &Row::events)})
    require(parse_number<std::uint64_t>(row.*field).has_value() || (!ok && (row.*field).empty()), name,
            row.*field);
  const double energy = parse_number<double>(row.energy_pj).value_or(-1.0);
  require(row.energy_pj.empty() || (energy >= 0.0 && std::isfinite(energy)), "energy_pj", row.energy_pj);
  require(is_digest(row.state) || (!ok && row.state.empty()), "state", row.state);
}

std::string key_of(const std::string& digest, const std::string& data, const std::string& build) {
  return digest + "," + data + "," + build;
}

}  // namespace

double Row::score_value() const {
  return parse_number<double>(score).value_or(std::numeric_limits<double>::quiet_NaN());
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c == '\n' || c == '\r' ? ' ' : c);
  return quoted + "\"";
}

std::string csv_line(const Row& row) {
  std::string line;
  for (const Column& c : columns) line += csv_field(row.*c.field) + ",";
  return line + sim::hash_of(line) + "\n";
}

Row parse_row(const std::string& line) {
  const std::size_t last = line.rfind(',') + 1;  // 0 without one
  if (line.empty() || line.back() != '\n' ||
      sim::hash_of(line.substr(0, last)) != line.substr(last, line.size() - 1 - last))
    throw std::invalid_argument("its checksum differs: not as it was written");
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i + 1 < last; ++i) {
    const char c = line[i];
    if (quoted && c == '"' && line[i + 1] == '"')
      fields.back() += line[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && c == ',')
      fields.emplace_back();
    else
      fields.back() += c;
  }
  Row row;
  if (quoted || fields.size() != std::size(columns))
    throw std::invalid_argument(fmt::format("{} fields of {}", fields.size() + 1, std::size(columns) + 1));
  for (std::size_t i = 0; i < fields.size(); ++i) row.*columns[i].field = fields[i];
  check(row);
  return row;
}

std::string store_header() {
  std::string line;
  for (const Column& c : columns) line += fmt::format("{},", c.name);
  return line + "checksum\n";
}

Rows parse_rows(const std::string& text, const std::string& name) {
  Rows all;
  const std::string first = store_header();
  if (text.compare(0, first.size(), first) != 0 && first.compare(0, text.size(), text) != 0)
    refuse(name,
           text.compare(0, 15, "digest,version,") == 0
               ? "a store of an older apical, whose rows know neither their data nor the program's sources, "
                 "and so "
                 "can't be used again"
               : "no store of this apical; it is left as it is",
           "a file by apical sweep; or --out another folder, or move the file away, and the points run anew");
  std::size_t& good = all.end;
  good = text.size() < first.size() ? 0 : first.size();
  for (std::size_t number = 2; good < text.size(); ++number) {
    const std::size_t end = text.find('\n', good);
    if (end == std::string::npos) break;  // torn: a row comes with its newline
    try {
      all.rows.push_back(parse_row(text.substr(good, end + 1 - good)));
    } catch (const std::invalid_argument& error) {
      throw InputError(
          fmt::format("{}:{}: no row ({}); accepted: rows by apical sweep; remove the line, and "
                      "its point runs anew",
                      name, number, error.what()));
    }
    good = end + 1;
  }
  return all;
}

Store::Store(std::filesystem::path file, double patience) : file_(std::move(file)) {
  std::error_code error;
  if (file_.has_parent_path()) std::filesystem::create_directories(file_.parent_path(), error);
  descriptor_ = open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
  if (descriptor_ < 0)
    refuse(file_.string(), fmt::format("can't be opened ({})", std::strerror(errno)),
           "a folder that can be written, or made");
  try {
    struct stat what {};
    if (fstat(descriptor_, &what) != 0 || !S_ISREG(what.st_mode))
      refuse(file_.string(), "no regular file", "a file by apical sweep, or --out DIR");
    lock(patience);
    load();
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

Store::~Store() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Store::lock(double patience) const {
  // Unlike flock, not shared with the processes of the points: it ends with this one, however that ends.
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience);
  while (fcntl(descriptor_, F_SETLK, &whole) != 0) {
    if (errno != EACCES && errno != EAGAIN)
      refuse(file_.string(), fmt::format("can't be locked ({})", std::strerror(errno)),
             "a file system with locks");
    if (std::chrono::steady_clock::now() > until)
      refuse(file_.string(), "another sweep writes to it", "one sweep at a time, or --out DIR");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void Store::load() {
  std::string text;
  char block[65536];
  for (ssize_t got = 0; (got = pread(descriptor_, block, sizeof block, static_cast<off_t>(text.size()))) > 0;)
    text.append(block, static_cast<std::size_t>(got));
  Rows read = parse_rows(text, file_.string());
  for (Row& row : read.rows) rows_[key_of(row.digest, row.data, row.build)] = std::move(row);
  const std::size_t good = read.end;
  if (good < text.size() && ftruncate(descriptor_, static_cast<off_t>(good)) != 0)
    refuse(file_.string(), fmt::format("a torn row can't be dropped ({})", std::strerror(errno)),
           "a file that can be written");
  if (good == 0) write(store_header());
}

void Store::write(const std::string& text) {
  // One write: a crash leaves the whole row or a torn last line, which load() drops.
  const ssize_t put = ::write(descriptor_, text.data(), text.size());
  if (put != static_cast<ssize_t>(text.size()) || fsync(descriptor_) != 0)
    refuse(file_.string(), fmt::format("can't be written ({})", std::strerror(errno)),
           "room on the disk; what is in it stays, and the sweep resumes");
}

void Store::append(const Row& row) {
  write(csv_line(row));
  rows_[key_of(row.digest, row.data, row.build)] = row;
}

void Store::hold(const Row& row, const std::string& digest, const std::string& data,
                 const std::string& build) {
  rows_[key_of(digest, data, build)] = row;
}

const Row* Store::find(const std::string& digest, const std::string& data, const std::string& build) const {
  const auto found = rows_.find(key_of(digest, data, build));
  return found == rows_.end() ? nullptr : &found->second;
}

}  // namespace apical::tools
