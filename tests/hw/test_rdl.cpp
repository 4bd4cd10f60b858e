// SPDX-License-Identifier: Apache-2.0
// The reader of hw/apical.rdl: what it refuses, and that what is made of the file says the same as the file.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "hw/rdl/machine.hpp"

namespace {

using namespace apical;

std::string file() {
  std::ifstream in(std::string(APICAL_SOURCE_DIR) + "/hw/apical.rdl");
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

// What the reader says about the file with `from` replaced.
std::string refused(const std::string& from, const std::string& to) {
  std::string text = file();
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  try {
    rdl::read(text);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Rdl, RefusesWhatItDoesNotKnowOrCannotBe) {
  const std::string text = file();
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find("enum op")), '\n');
  EXPECT_NE(refused("enum op", "struct op").find("line " + std::to_string(line) + ": unknown struct"),
            std::string::npos);
  EXPECT_NE(refused("BACKWARD = 2", "BACKWARD = 1").find("BACKWARD clashes with FORWARD"), std::string::npos);
  EXPECT_NE(refused("BACKWARD = 2", "FORWARD = 2").find("FORWARD clashes with FORWARD"), std::string::npos);
  EXPECT_NE(refused("encode = op;", "encode = operations;").find("no enum operations"), std::string::npos);
  EXPECT_NE(refused("RELAY = 15", "RELAY = 32").find("RELAY doesn't fit into kind"), std::string::npos);
  EXPECT_NE(refused("memory[8:5]", "memory[8:4]").find("field memory clashes"), std::string::npos);
  EXPECT_NE(refused("memory[8:5]", "kind[8:5]").find("field kind clashes"), std::string::npos);
  EXPECT_NE(refused("decays[30:30]", "decays[32:32]").find("bits of decays"), std::string::npos);
  EXPECT_NE(refused("align @ 0x4", "align @ 0x0").find("align lies within result"), std::string::npos);
  EXPECT_NE(refused("align @ 0x4", "result @ 0x4").find("result is there twice"), std::string::npos);
  EXPECT_NE(refused("header header @ 0xf0", "header header @ 0xb0").find("lies within slot"),
            std::string::npos);
  EXPECT_NE(refused("pass slot[12]", "passes slot[12]").find("unknown passes"), std::string::npos);
  EXPECT_NE(
      refused("is_signed; desc = \"1 in", "is_signde; desc = \"1 in").find("unknown property is_signde"),
      std::string::npos);
  EXPECT_NE(refused("property fracwidth", "property fracwitdh").find("property fracwidth isn't declared"),
            std::string::npos);
  EXPECT_NE(refused("onwrite = woclr;", "onwrite = woset;").find("accepted: woclr, wuser"),
            std::string::npos);
  EXPECT_NE(refused("sw = rw; hw = r; onwrite", "sw = r; hw = r; onwrite").find("without sw = rw"),
            std::string::npos);
  EXPECT_NE(refused("version[7:0] = 2;", "version[7:0] = 256;").find("reset of version"), std::string::npos);
  EXPECT_NE(refused("desc = \"one bit per slot\"; ", "").find("has no desc"), std::string::npos);
  EXPECT_NE(refused("TICK @ 0x14", "TICK @ 0x15").find("offset of TICK"), std::string::npos);
  EXPECT_NE(refused("addrmap descriptors", "addrmap words").find("addrmap words"), std::string::npos);
  EXPECT_NE(refused("\"What this is.\"", "\"What this is.").find("line "), std::string::npos);
  EXPECT_EQ(refused("// What a unit has", "// What units have"), "accepted");
}

// Fields of a structure of Verilog fill its word, the highest first; C has a mask and a shift for each.
TEST(Rdl, VerilogAndCHaveEveryFieldInItsPlace) {
  const rdl::Machine machine = rdl::read(file());
  const std::string verilog = rdl::verilog(machine), c = rdl::c_header(machine);
  const std::regex member(R"(logic (?:signed )?(?:\[(\d+):0\] )?(\w+);)");
  int fields = 0;
  const auto check = [&](const rdl::Word& word, const std::string& name, const std::string& macro) {
    const std::size_t end = verilog.find("} " + name + "_t;");
    ASSERT_NE(end, std::string::npos) << name;
    const std::string body =
        verilog.substr(verilog.rfind("typedef", end), end - verilog.rfind("typedef", end));
    int high = 31;
    std::size_t found = 0;
    for (std::sregex_iterator at(body.begin(), body.end(), member), none; at != none; ++at) {
      const int width = (*at)[1].matched ? std::stoi((*at)[1]) + 1 : 1;
      for (const rdl::Field& f : word.fields)
        if (f.name == (*at)[2]) {
          EXPECT_EQ(f.high, high) << name << "." << f.name;
          EXPECT_EQ(f.width(), width) << name << "." << f.name;
          const std::string prefix = "#define APICAL_" + macro + "_" + rdl::upper(f.name);
          EXPECT_NE(c.find(prefix + "_SHIFT " + std::to_string(f.low) + "\n"), std::string::npos) << prefix;
          EXPECT_NE(c.find(prefix + "_MASK " + rdl::hex(f.ones() << f.low, 8) + "u\n"), std::string::npos);
          ++found;
        }
      high -= width;
    }
    EXPECT_EQ(high, -1) << name;
    EXPECT_EQ(found, word.fields.size()) << name;
    fields += static_cast<int>(found);
  };
  for (const rdl::Word& word : machine.words) check(word, word.name, rdl::upper(word.name));
  for (const rdl::Member& r : machine.map.members)
    check(*machine.word(r.type), "reg_" + rdl::lower(r.name), r.name);
  EXPECT_GE(fields, 80);
}

TEST(Rdl, IpXactHasEveryRegisterAndSideEffect) {
  const rdl::Machine machine = rdl::read(file());
  const std::string xml = rdl::ip_xact(machine);
  const auto count = [&](const std::string& text) {
    std::size_t n = 0;
    for (std::size_t at = xml.find(text); at != std::string::npos; at = xml.find(text, at + 1)) ++n;
    return n;
  };
  std::size_t fields = 0, clears = 0;
  for (const rdl::Word& word : machine.registers)
    for (const rdl::Field& f : word.fields) {
      ++fields;
      clears += f.on_write == "woclr";
    }
  EXPECT_EQ(count("<ipxact:register>"), machine.map.members.size());
  EXPECT_EQ(count("<ipxact:field>"), fields);
  EXPECT_EQ(count("oneToClear"), clears);
  EXPECT_EQ(clears, 6u);
}

TEST(Rdl, TablesNeedBothMarks) {
  const rdl::Machine machine = rdl::read(file());
  EXPECT_THROW(rdl::document("<!-- kind: generated by apical_rdl -->\n", machine), std::runtime_error);
  EXPECT_THROW(rdl::document("<!-- end of kind -->\n", machine), std::runtime_error);
  EXPECT_EQ(rdl::document("nothing\n", machine), "nothing\n");
}

}  // namespace
