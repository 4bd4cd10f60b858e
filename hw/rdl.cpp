// Reads the register map (a subset of SystemRDL 2.0: one addrmap of regs of fields with sw, desc and reset
// values) and writes what Verilog, C++, C and the document need of it.
#include <cctype>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Field {
  std::string name, access, on_write, description;
  int high = 0, low = 0;
  std::uint32_t reset = 0;
};

struct Register {
  std::string name, description;
  std::vector<Field> fields;
  std::uint32_t offset = 0;
};

// Words, numbers, strings and single signs, with comments dropped.
class Tokens {
 public:
  explicit Tokens(std::istream& in) {
    std::stringstream all;
    all << in.rdbuf();
    text_ = all.str();
  }
  std::string next() {
    skip();
    if (at_ >= text_.size()) return "";
    const std::size_t begin = at_;
    if (text_[at_] == '"') {
      at_ = text_.find('"', at_ + 1);
      if (at_ == std::string::npos) fail("a string does not end");
      return text_.substr(begin, ++at_ - begin);
    }
    if (is_word(text_[at_])) {
      while (at_ < text_.size() && is_word(text_[at_])) ++at_;
      return text_.substr(begin, at_ - begin);
    }
    ++at_;
    return text_.substr(begin, 1);
  }
  std::string peek() {
    const std::size_t here = at_;
    const std::string token = next();
    at_ = here;
    return token;
  }
  void expect(const std::string& token) {
    const std::string got = next();
    if (got != token) fail("expected " + token + ", got " + got);
  }
  std::uint32_t number() {
    const std::string token = next();
    std::size_t used = 0;
    unsigned long value = 0;
    try {
      value = std::stoul(token, &used, 0);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used != token.size() || value > 0xffffffffUL) fail("expected a number, got " + token);
    return static_cast<std::uint32_t>(value);
  }
  std::string string() {
    const std::string token = next();
    if (token.size() < 2 || token.front() != '"') fail("expected a string, got " + token);
    return token.substr(1, token.size() - 2);
  }
  [[noreturn]] void fail(const std::string& what) const {
    std::size_t line = 1;
    for (std::size_t i = 0; i < at_ && i < text_.size(); ++i) line += text_[i] == '\n';
    throw std::runtime_error("line " + std::to_string(line) + ": " + what);
  }

 private:
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
  void skip() {
    for (;;) {
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
      if (text_.compare(at_, 2, "//") != 0) return;
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    }
  }
  std::string text_;
  std::size_t at_ = 0;
};

Field read_field(Tokens& in) {
  Field f;
  in.expect("{");
  while (in.peek() != "}") {
    const std::string property = in.next();
    in.expect("=");
    if (property == "sw")
      f.access = in.next();
    else if (property == "onwrite")
      f.on_write = in.next();
    else if (property == "desc")
      f.description = in.string();
    else
      in.fail("unknown property " + property + " of a field; accepted: sw, onwrite, desc");
    in.expect(";");
  }
  in.expect("}");
  f.name = in.next();
  in.expect("[");
  f.high = static_cast<int>(in.number());
  in.expect(":");
  f.low = static_cast<int>(in.number());
  in.expect("]");
  in.expect("=");
  f.reset = in.number();
  in.expect(";");
  if (f.access != "r" && f.access != "w" && f.access != "rw")
    in.fail("sw of " + f.name + "; accepted: r, w, rw");
  if (!f.on_write.empty() && (f.on_write != "woclr" || f.access != "rw"))
    in.fail("onwrite of " + f.name + "; accepted: woclr, with sw = rw");
  if (f.low > f.high || f.high > 31) in.fail("bits of " + f.name + "; accepted: 31:0 and within");
  return f;
}

Register read_register(Tokens& in) {
  Register r;
  std::uint32_t taken = 0;
  in.expect("{");
  while (in.peek() != "}") {
    const std::string word = in.next();
    if (word == "desc") {
      in.expect("=");
      r.description = in.string();
      in.expect(";");
    } else if (word == "field") {
      r.fields.push_back(read_field(in));
      for (int bit = r.fields.back().low; bit <= r.fields.back().high; ++bit) {
        if ((taken >> bit & 1) != 0) in.fail("field " + r.fields.back().name + " overlaps another");
        taken |= std::uint32_t{1} << bit;
      }
    } else {
      in.fail("unknown " + word + " in a reg; accepted: desc, field");
    }
  }
  in.expect("}");
  r.name = in.next();
  in.expect("@");
  r.offset = in.number();
  in.expect(";");
  if (r.offset % 4 != 0 || r.offset > 0xfc)
    in.fail("offset of " + r.name + "; accepted: multiples of 4 up to 0xfc");
  return r;
}

std::vector<Register> read_map(std::istream& file) {
  Tokens in(file);
  std::vector<Register> map;
  in.expect("addrmap");
  in.next();
  in.expect("{");
  while (in.peek() == "reg") {
    in.next();
    map.push_back(read_register(in));
    for (std::size_t i = 0; i + 1 < map.size(); ++i)
      if (map[i].offset == map.back().offset || map[i].name == map.back().name)
        in.fail(map.back().name + " clashes with " + map[i].name);
  }
  in.expect("}");
  in.expect(";");
  return map;
}

std::string hex(std::uint32_t value, int digits) {
  std::ostringstream text;
  text << std::hex << std::setw(digits) << std::setfill('0') << value;
  return text.str();
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string verilog(const std::vector<Register>& map) {
  std::ostringstream out;
  out << "// Generated by apical_rdl from hw/apical.rdl: don't edit.\n"
      << "// Every module includes all of these and uses some, hence no UNUSEDPARAM.\n"
      << "// verilator lint_off UNUSEDPARAM\n";
  for (const Register& r : map)
    out << "localparam logic [7:0] REG_" << r.name << " = 8'h" << hex(r.offset, 2) << ";\n";
  out << "// verilator lint_on UNUSEDPARAM\n";
  return out.str();
}

std::string cpp_header(const std::vector<Register>& map) {
  std::ostringstream out;
  out << "// Generated by apical_rdl from hw/apical.rdl: don't edit.\n#pragma once\n\n"
      << "/// Byte offsets of the core's registers.\nnamespace apical::reg {\n\n";
  for (const Register& r : map)
    out << "inline constexpr int " << lower(r.name) << " = 0x" << hex(r.offset, 2) << ";\n";
  out << "\n}  // namespace apical::reg\n";
  return out.str();
}

std::string c_header(const std::vector<Register>& map) {
  std::ostringstream out;
  out << "/* Generated by apical_rdl from hw/apical.rdl: don't edit. Registers of the apical core, for "
         "firmware. */\n"
      << "#ifndef APICAL_REGISTERS_H\n#define APICAL_REGISTERS_H\n";
  for (const Register& r : map) {
    out << "\n#define APICAL_" << r.name << " 0x" << hex(r.offset, 2) << "u\n";
    for (const Field& f : r.fields) {
      const std::uint32_t ones =
          f.high - f.low == 31 ? 0xffffffffu : (std::uint32_t{1} << (f.high - f.low + 1)) - 1;
      out << "#define APICAL_" << r.name << "_" << upper(f.name) << "_SHIFT " << f.low << "\n#define APICAL_"
          << r.name << "_" << upper(f.name) << "_MASK 0x" << hex(ones << f.low, 8) << "u\n";
    }
  }
  out << "\n#endif\n";
  return out.str();
}

std::string table(const std::vector<Register>& map) {
  std::ostringstream out;
  out << "| offset | register | bits | field | access | reset | |\n|---|---|---|---|---|---|---|\n";
  for (const Register& r : map) {
    out << "| 0x" << hex(r.offset, 2) << " | `" << r.name << "` | | | | | " << r.description << " |\n";
    for (const Field& f : r.fields) {
      out << "| | | " << f.high << ":" << f.low << " | " << f.name << " | " << f.access
          << (f.on_write.empty() ? "" : ", 1 clears") << " | 0x" << std::hex << f.reset << std::dec << " | "
          << f.description << " |\n";
    }
  }
  return out.str();
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

// The document with the table between its two marks replaced.
std::string document(const std::string& path, const std::vector<Register>& map) {
  const std::string begin = "<!-- registers: generated by apical_rdl -->\n";
  const std::string end = "<!-- end of registers -->\n";
  const std::string text = contents(path);
  const std::size_t from = text.find(begin), to = text.find(end);
  if (from == std::string::npos || to == std::string::npos)
    throw std::runtime_error(path + " lacks the marks of the table");
  return text.substr(0, from + begin.size()) + table(map) + text.substr(to);
}

}  // namespace

int main(int count, char** arguments) {
  const bool check = count == 3 && std::string(arguments[2]) == "--check";
  if (count < 2 || (count == 3 && !check) || count > 3) {
    std::cerr << "Usage: apical_rdl HW_FOLDER [--check]\nWrites rtl/apical_registers.svh, registers.hpp, "
                 "apical_registers.h and the table in README.md from apical.rdl; --check only compares.\n";
    return 2;
  }
  try {
    const std::string folder = arguments[1];
    std::ifstream file(folder + "/apical.rdl");
    if (!file) throw std::runtime_error("cannot read " + folder + "/apical.rdl");
    const std::vector<Register> map = read_map(file);
    const std::pair<std::string, std::string> outputs[] = {
        {"/rtl/apical_registers.svh", verilog(map)},
        {"/registers.hpp", cpp_header(map)},
        {"/apical_registers.h", c_header(map)},
        {"/README.md", document(folder + "/README.md", map)}};
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
