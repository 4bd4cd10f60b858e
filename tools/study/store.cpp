#include "tools/study/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <thread>

#include "tools/config.hpp"

namespace apical::tools {
namespace {

struct Column {
  const char* name;
  std::string Row::*field;
};

constexpr Column columns[] = {
    {"digest", &Row::digest},       {"version", &Row::version}, {"machine", &Row::machine},
    {"status", &Row::status},       {"measure", &Row::measure}, {"score", &Row::score},
    {"ticks", &Row::ticks},         {"macs", &Row::macs},       {"events", &Row::events},
    {"energy_pj", &Row::energy_pj}, {"state", &Row::state},     {"settings", &Row::settings},
    {"trouble", &Row::trouble}};

std::string header() {
  std::string line;
  for (const Column& c : columns) line += fmt::format("{}{}", line.empty() ? "" : ",", c.name);
  return line + "\n";
}

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what,
                         const std::string& accepted) {
  throw InputError(fmt::format("{}: {}; accepted: {}", file.string(), what, accepted));
}

}  // namespace

double Row::score_value() const {
  return score.empty() ? std::numeric_limits<double>::quiet_NaN() : std::strtod(score.c_str(), nullptr);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c == '\n' || c == '\r' ? ' ' : c);
  return quoted + "\"";
}

std::string csv_line(const Row& row) {
  std::string line;
  for (const Column& c : columns)
    line += fmt::format("{}{}", &c == columns ? "" : ",", csv_field(row.*c.field));
  return line + "\n";
}

Row parse_row(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"')
      fields.back() += line[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && c == ',')
      fields.emplace_back();
    else if (c != '\n')
      fields.back() += c;
  }
  Row row;
  if (quoted || fields.size() != std::size(columns))
    throw std::invalid_argument(fmt::format("{} fields of {}", fields.size(), std::size(columns)));
  for (std::size_t i = 0; i < fields.size(); ++i) row.*columns[i].field = fields[i];
  if (row.digest.size() != 32 || (row.status != "ok" && row.status != "diverged" && row.status != "failed"))
    throw std::invalid_argument("no digest or no status");
  return row;
}

Store::Store(std::filesystem::path file, double patience) : file_(std::move(file)) {
  std::error_code error;
  if (file_.has_parent_path()) std::filesystem::create_directories(file_.parent_path(), error);
  descriptor_ = open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0)
    refuse(file_, fmt::format("can't be opened ({})", std::strerror(errno)),
           "a folder that can be written, or made");
  try {
    lock(patience);
    load();
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

Store::~Store() {
  close(descriptor_);
}

void Store::lock(double patience) const {
  // Unlike flock, not shared with the processes of the points: it ends with this one, however that ends.
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience);
  while (fcntl(descriptor_, F_SETLK, &whole) != 0) {
    if (errno != EACCES && errno != EAGAIN)
      refuse(file_, fmt::format("can't be locked ({})", std::strerror(errno)), "a file system with locks");
    if (std::chrono::steady_clock::now() > until)
      refuse(file_, "another sweep writes to it", "one sweep at a time, or --out DIR");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void Store::load() {
  std::string text;
  char block[65536];
  for (ssize_t got = 0; (got = pread(descriptor_, block, sizeof block, static_cast<off_t>(text.size()))) > 0;)
    text.append(block, static_cast<std::size_t>(got));
  std::size_t good = 0;  // bytes of whole rows
  int number = 0;
  while (good < text.size()) {
    const std::size_t end = text.find('\n', good);
    if (end == std::string::npos) break;
    const std::string line = text.substr(good, end + 1 - good);
    ++number;
    try {
      if (number == 1) {
        if (line != header())
          refuse(file_, "no store of this version of apical", "a file by apical sweep, or --out DIR");
      } else {
        const Row row = parse_row(line);
        rows_[{row.digest, row.version}] = row;
      }
    } catch (const std::invalid_argument& error) {
      if (end + 1 < text.size())
        throw InputError(fmt::format("{}:{}: no row ({}); accepted: rows by apical sweep; remove the line",
                                     file_.string(), number, error.what()));
      break;
    }
    good = end + 1;
  }
  if (good < text.size() && ftruncate(descriptor_, static_cast<off_t>(good)) != 0)
    refuse(file_, fmt::format("a torn row can't be dropped ({})", std::strerror(errno)),
           "a file that can be written");
  if (good == 0) write(header());
}

void Store::write(const std::string& text) {
  // One write: a crash leaves the whole row or a torn last line, which load() drops.
  const ssize_t put = ::write(descriptor_, text.data(), text.size());
  if (put != static_cast<ssize_t>(text.size()) || fsync(descriptor_) != 0)
    refuse(file_, fmt::format("can't be written ({})", std::strerror(errno)),
           "room on the disk; what is in it stays, and the sweep resumes");
}

void Store::append(const Row& row) {
  write(csv_line(row));
  rows_[{row.digest, row.version}] = row;
}

const Row* Store::find(const std::string& digest, const std::string& version) const {
  const auto found = rows_.find({digest, version});
  return found == rows_.end() ? nullptr : &found->second;
}

}  // namespace apical::tools
