// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iostream>
#include <sstream>

#include "hw/rdl/machine.hpp"

namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  if (!file) return "";
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

}  // namespace

int main(int count, char** arguments) {
  using namespace apical;
  const bool check = count == 3 && std::string(arguments[2]) == "--check";
  if (count < 2 || (count == 3 && !check) || count > 3) {
    std::cerr << "Usage: apical_rdl HW_FOLDER [--check]\nWrites rtl/apical_isa.svh, isa.hpp, isa_names.hpp, "
                 "apical_registers.h, apical.xml and the tables in README.md and ARCHITECTURE.md from "
                 "apical.rdl; --check only "
                 "compares.\n";
    return 2;
  }
  const std::string folder = arguments[1];
  try {
    const rdl::Machine machine = rdl::read(contents(folder + "/apical.rdl"));
    const std::pair<std::string, std::string> outputs[] = {
        {"/rtl/apical_isa.svh", rdl::verilog(machine)},
        {"/isa.hpp", rdl::cpp_header(machine)},
        {"/isa_names.hpp", rdl::cpp_names(machine)},
        {"/apical_registers.h", rdl::c_header(machine)},
        {"/apical.xml", rdl::ip_xact(machine)},
        {"/README.md", rdl::document(contents(folder + "/README.md"), machine)},
        {"/ARCHITECTURE.md", rdl::document(contents(folder + "/ARCHITECTURE.md"), machine)}};
    int stale = 0;
    for (const auto& [name, text] : outputs) {
      if (contents(folder + name) == text) continue;
      if (check) {
        std::cerr << "apical_rdl: " << folder << name << " is not what apical.rdl says; run apical_rdl "
                  << folder << "\n";
        ++stale;
      } else {
        std::ofstream(folder + name) << text;
        std::cerr << "apical_rdl: wrote " << folder << name << "\n";
      }
    }
    return stale == 0 ? 0 : 1;
  } catch (const std::exception& e) {
    std::cerr << "apical_rdl: apical.rdl, " << e.what() << "\n";
    return 1;
  }
}
