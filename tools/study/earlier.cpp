// SPDX-License-Identifier: Apache-2.0
#include "tools/study/earlier.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "model/input_file.hpp"
#include "tools/report/messages.hpp"
#include "tools/report/version.hpp"
#include "tools/study/pool.hpp"

namespace apical::tools {
namespace {

constexpr int in_gzip = 15 + 16;  // zlib: the largest window, gzip's head and tail
constexpr std::size_t most_bytes = std::size_t{1} << 28;

// A row that the study's points are looked up among, and whether one was it.
struct Known {
  Row row;
  bool taken = false;
};

bool same_result(const Row& a, const Row& b) {
  return a.status == b.status && a.score == b.score && a.ticks == b.ticks && a.state == b.state;
}

// The last row is what counts; an earlier one of the same configuration and data must say the same.
std::map<std::string, std::vector<Known>> by_digest(std::vector<Row>& rows, const std::string& name) {
  std::map<std::string, std::vector<Known>> all;
  for (Row& row : rows) {
    std::vector<Known>& same = all[row.digest];
    const auto before =
        std::find_if(same.begin(), same.end(), [&](const Known& k) { return k.row.data == row.data; });
    if (before == same.end()) {
      same.push_back({std::move(row)});
      continue;
    }
    if (before->row.status != "failed" && !same_result(before->row, row))
      throw InputError(fmt::format(
          "{}: two results of configuration {} ({}): score \"{}\" by build {}, \"{}\" by {}; accepted: one",
          name, row.digest, row.settings, before->row.score, before->row.build, row.score, row.build));
    before->row = std::move(row);
  }
  return all;
}

}  // namespace

std::string packed(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, in_gzip, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib doesn't start");
  std::string bytes(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));  // zlib predates const
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<unsigned char*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  const int status = deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("zlib doesn't end");
  return bytes;
}

std::string unpacked(const std::filesystem::path& path) {
  std::string bytes = model::read_input(path, "a store, plain or packed by gzip", most_bytes);
  if (bytes.compare(0, 2, "\x1f\x8b") != 0) return bytes;
  z_stream stream{};
  stream.next_in = reinterpret_cast<unsigned char*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  if (inflateInit2(&stream, in_gzip) != Z_OK) throw std::runtime_error("zlib doesn't start");
  std::string text;
  int status = Z_OK;
  while (status == Z_OK && text.size() <= most_bytes) {
    char block[65536];
    stream.next_out = reinterpret_cast<unsigned char*>(block);
    stream.avail_out = sizeof block;
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(block, sizeof block - stream.avail_out);
  }
  const bool whole = status == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole)
    throw InputError(
        fmt::format("{}: isn't what gzip packed (damaged, cut off, or above {} MB); accepted: a "
                    "store that apical sweep --pack packed",
                    path.string(), most_bytes >> 20));
  return text;
}

std::string store_text(const Study& study, const Store& store) {
  std::set<std::string> lines;
  for (const Point& point : study.points)
    if (const Row* row = row_of(store, point)) lines.insert(csv_line(*row));
  return fmt::format("{}{}", store_header(), fmt::join(lines, ""));
}

EarlierRows::EarlierRows(const Study& study, const std::filesystem::path& file) {
  const std::string text = unpacked(file);
  Rows read = parse_rows(text, file.string());
  if (read.end < text.size() || read.rows.empty())
    throw InputError(fmt::format("{}: {}; accepted: a whole store by apical sweep", file.string(),
                                 read.rows.empty() ? "has no rows" : "its last row is cut off"));
  auto known = by_digest(read.rows, file.string());
  std::map<std::string, Known*> by_settings;  // of configurations that no point has today
  for (auto& [digest, rows] : known)
    for (Known& k : rows) by_settings[k.row.settings + "\n" + k.row.data] = &k;
  std::set<std::string> today;
  for (const Point& point : study.points)
    if (const auto found = known.find(point.digest);
        found != known.end() && today.insert(point.digest).second)
      for (Known& k : found->second)
        if (k.row.data == point.data || point.data == absent_data) {
          store_.hold(k.row, point.digest, point.data, build_id());
          k.taken = true;
        }
  for (const Point& point : study.points) {
    if (!today.insert(point.digest).second) continue;
    const std::string settings = settings_text(study, point) + "\n";
    auto found = by_settings.lower_bound(settings + (point.data == absent_data ? "" : point.data));
    if (found == by_settings.end() || found->first.compare(0, settings.size(), settings) != 0) continue;
    Known& k = *found->second;
    if (k.taken || (k.row.data != point.data && point.data != absent_data)) continue;
    store_.hold(k.row, point.digest, point.data, build_id());
    k.taken = true;
    ++renewed_;
  }
  std::vector<std::string> strangers;
  for (const auto& [digest, rows] : known)
    for (const Known& k : rows)
      if (!k.taken) strangers.push_back(fmt::format("{} ({})", digest, k.row.settings));
  constexpr std::size_t shown = 5;
  const std::size_t count = strangers.size();
  if (count == 0) return;
  if (count > shown) strangers.resize(shown);
  throw InputError(fmt::format(
      "{}: {} rows that no point of {} has, or on other data: {}{}; accepted: the store of this study, on "
      "these data",
      file.string(), count, study.source, fmt::join(strangers, ", "), count > shown ? ", .." : ""));
}

}  // namespace apical::tools
