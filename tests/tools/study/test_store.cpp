// SPDX-License-Identifier: Apache-2.0
// The store of a study: rows that survive, rows that are refused, files that are left alone.
#include "tools/study/store.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <clocale>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>

#include "tests/scratch.hpp"
#include "tools/explore/optimise.hpp"
#include "tools/study/study.hpp"

namespace apical::tools {
namespace {

using test::contains;
using test::content;
using test::message_of;

using Stores = test::Scratch;

Row whole_row() {
  Row row;
  row.digest = std::string(32, 'a');
  row.build = std::string(32, 'b');
  row.data = std::string(32, 'd');
  row.machine = "emulator";
  row.status = "ok";
  row.measure = "mse";
  row.score = "1.2074";
  row.tested = "360";
  row.ticks = "40";
  row.macs = row.events = "123456789012";
  row.energy_pj = "12.5";
  row.state = std::string(32, 'c');
  row.settings = "a=1 b=\"x, y\"";
  return row;
}

}  // namespace

TEST_F(Stores, StoresKeepRowsAndDropTornOnes) {
  const auto path = folder / "results.csv";
  Row row = whole_row();
  row.status = "failed";
  row.score = "";
  row.trouble = "line one\nline \"two\", with a comma";
  { Store(path).append(row); }
  const std::string whole = content(path), line = whole.substr(whole.find('\n') + 1);
  for (std::size_t cut = 0; cut <= line.size(); ++cut) {
    std::ofstream(path, std::ios::binary) << whole << line.substr(0, cut);
    const Store store(path);
    ASSERT_NE(store.find(row.digest, row.data, row.build), nullptr);
    EXPECT_EQ(store.find(row.digest, row.data, row.build)->trouble, "line one line \"two\", with a comma");
    EXPECT_EQ(content(path), cut < line.size() ? whole : whole + line) << cut;
  }
  for (std::size_t cut = 0; cut < whole.find('\n'); ++cut) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, cut);
    const Store store(path);
    EXPECT_EQ(content(path), whole.substr(0, whole.find('\n') + 1)) << cut;
  }
  std::ofstream(path, std::ios::binary) << whole << "nonsense\n" << line;
  EXPECT_TRUE(contains(message_of([&] { Store again(path); }), "results.csv:3: no row"));
}

TEST_F(Stores, RowsOfOtherDataOrBuildsAreOthers) {
  Store store(folder / "results.csv");
  const Row row = whole_row();
  store.append(row);
  EXPECT_NE(store.find(row.digest, row.data, row.build), nullptr);
  EXPECT_EQ(store.find(row.digest, row.data, std::string(32, 'e')), nullptr);
  EXPECT_EQ(store.find(row.digest, std::string(32, 'e'), row.build), nullptr);
  EXPECT_EQ(store.find(row.digest, "", row.build), nullptr);
}

// Every byte of a row, changed in every bit: refused with the line, never read as another result.
TEST_F(Stores, DamagedRowsAreRefused) {
  const auto path = folder / "results.csv";
  const Row row = whole_row();
  { Store(path).append(row); }
  const std::string whole = content(path);
  const std::size_t first = whole.find('\n') + 1;
  EXPECT_EQ(parse_row(whole.substr(first)).score, "1.2074");
  int harmless = 0;
  for (std::size_t at = first; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      std::ofstream(path, std::ios::binary) << damaged << whole.substr(first);
      std::string message;
      try {
        const Store store(path);
        const Row* found = store.find(row.digest, row.data, row.build);
        ASSERT_NE(found, nullptr) << at << " " << bit;
        EXPECT_EQ(csv_line(*found), whole.substr(first)) << at << " " << bit;
        ++harmless;
      } catch (const InputError& error) {
        message = error.what();
        EXPECT_TRUE(contains(message, "results.csv:2: no row") || contains(message, "results.csv:3: no row"))
            << message;
      }
    }
  EXPECT_EQ(harmless, 0);
}

TEST_F(Stores, RowsHaveFieldsThatASweepWrites) {
  const auto refused = [](const char* column, std::string Row::*field, const std::string& value) {
    Row row = whole_row();
    row.*field = value;
    const std::string message = message_of([&] { parse_row(csv_line(row)); });
    EXPECT_TRUE(contains(message, std::string(column) + " \"" + value + "\"")) << message;
  };
  EXPECT_EQ(message_of([] { parse_row(csv_line(whole_row())); }), "");
  for (const char* score : {"abc", "", "1.2x", "nan", "inf", "-1", "0x1p3", " 1", "1,5"})
    refused("score", &Row::score, score);
  for (const char* bad : {"-1", "1.5", "x", "99999999999999999999999"}) refused("ticks", &Row::ticks, bad);
  refused("status", &Row::status, "OK");
  refused("measure", &Row::measure, "error");
  refused("digest", &Row::digest, "abc");
  refused("build", &Row::build, "0.1.0");
  refused("state", &Row::state, "");
  refused("energy_pj", &Row::energy_pj, "inf");
  Row percent = whole_row();
  percent.measure = "accuracy";
  EXPECT_TRUE(contains(message_of([&] { parse_row(csv_line(percent)); }), "score \"1.2074\""));
}

TEST_F(Stores, FilesThatAreNoStoresAreLeftAlone) {
  const auto path = folder / "results.csv";
  for (const std::string& text :
       {std::string("x"), std::string("name,value\na,1\n"), std::string("my thesis, without a newline"),
        std::string("digest,version,machine,status,measure,score,ticks,macs,events,energy_pj,state,settings,"
                    "trouble\n")}) {
    file("results.csv", text);
    const std::string message = message_of([&] { Store store(path); });
    EXPECT_TRUE(contains(message, "results.csv: ")) << message;
    EXPECT_TRUE(contains(message, "--out another folder")) << message;
    EXPECT_EQ(contains(message, "a store of an older apical"), text.rfind("digest,version", 0) == 0)
        << message;
    EXPECT_EQ(content(path), text);
  }
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_TRUE(contains(message_of([&] { Store store(path); }), "no regular file"));
}

// Python programs set the user's locale; a store and a study read the same in it.
TEST_F(Stores, NumbersDoNotDependOnTheLocale) {
  file("comma", "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n");
  std::system(
      fmt::format("cd '{}' && localedef -c -i ./comma -f UTF-8 ./comma.UTF-8 2>.said", folder.string())
          .c_str());
  setenv("LOCPATH", folder.c_str(), 1);
  ASSERT_NE(std::setlocale(LC_NUMERIC, "comma.UTF-8"), nullptr)
      << "tools/setup installs locales; " << content(folder / ".said");
  ASSERT_EQ(std::strtod("1.5", nullptr), 1.0) << "no decimal comma";
  EXPECT_EQ(whole_row().score_value(), 1.2074);
  EXPECT_EQ(parse_row(csv_line(whole_row())).score_value(), 1.2074);
  Design design{"d", "d", "random", {}, 5, 1};
  Axis eta;
  eta.keys = {"learning.eta"};
  eta.low = 0.001;
  eta.high = 0.9;
  design.axes = {eta};
  for (const auto& at : positions(design)) {
    EXPECT_GT(at[0].number, 0.0);
    Config config = parse_config("[network]\nlayers = [4, 3]\n", "text");
    set_key(config, at[0].set.at(0).text);
    EXPECT_EQ(config.network.eta.at(0), at[0].number);
  }
  EXPECT_EQ(parse_budget("accuracy=-0.5pt"), 0.5);
  std::setlocale(LC_NUMERIC, "C");
  unsetenv("LOCPATH");
}

}  // namespace apical::tools
