// SPDX-License-Identifier: Apache-2.0
#include "tools/report/output_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "model/output_file.hpp"
#include "tools/report/messages.hpp"

namespace apical::tools {
namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
  throw InputError(
      fmt::format("{}: {}; accepted: a folder that can be written, or made, with room for the results; "
                  "nothing was left behind",
                  path.string(), what));
}

}  // namespace

OutputFolder::OutputFolder(fs::path folder)
    : folder_(std::move(folder)), staging_(model::staged_name(folder_ / "")) {
  std::error_code error;
  model::sweep_abandoned(folder_, "");
  for (fs::path p = folder_; !p.empty() && !fs::exists(p, error); p = p.parent_path())
    made_.insert(made_.begin(), p);
  fs::create_directories(folder_, error);
  if (error || !fs::is_directory(folder_))
    refuse(folder_, fmt::format("can't be made ({})", error.message()));
  if (access(folder_.c_str(), W_OK | X_OK) != 0) refuse(folder_, "can't be written");
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
  for (auto p = made_.rbegin(); p != made_.rend(); ++p) fs::remove(*p, ignored);  // only where empty
}

fs::path OutputFolder::stage(const std::string& name) {
  std::error_code error;
  fs::create_directory(staging_, error);
  if (error) refuse(folder_, fmt::format("can't be written ({})", error.message()));
  names_.push_back(name);
  return staging_ / name;
}

void OutputFolder::write(const std::string& name, const std::string& text) {
  std::ofstream file(stage(name), std::ios::binary);
  file << text;
  file.close();
  if (!file) refuse(folder_ / name, "can't be written (a full disk?)");
}

void OutputFolder::copy(const fs::path& source, const std::string& name) {
  std::error_code error;
  const fs::path target = stage(name);
  fs::copy_file(source, target, error);
  if (error) refuse(folder_ / name, fmt::format("can't be written ({})", error.message()));
  if (fs::file_size(source) != fs::file_size(target))
    refuse(folder_ / name, "can't be written (a full disk?)");
}

void OutputFolder::commit(const std::vector<std::string>& stale) {
  // A file that is replaced waits in the staging folder, so that a failure on the way can be undone.
  const auto kept = [&](const std::string& name) { return staging_ / (name + ".replaced"); };
  for (std::size_t i = 0; i < names_.size(); ++i) {
    std::error_code error;
    const fs::path target = folder_ / names_[i];
    if (fs::is_directory(target)) error = std::make_error_code(std::errc::is_a_directory);
    if (!error && fs::exists(fs::symlink_status(target))) fs::rename(target, kept(names_[i]), error);
    if (!error) fs::rename(staging_ / names_[i], target, error);
    if (!error) continue;
    std::error_code ignored;
    for (std::size_t undo = i + 1; undo-- > 0;) {
      if (undo < i) fs::remove(folder_ / names_[undo], ignored);
      if (fs::exists(fs::symlink_status(kept(names_[undo]))))
        fs::rename(kept(names_[undo]), folder_ / names_[undo], ignored);
    }
    refuse(target, fmt::format("can't be written ({})", error.message()));
  }
  names_.clear();
  std::error_code ignored;
  for (const std::string& name : stale) fs::remove(folder_ / name, ignored);
}

}  // namespace apical::tools
