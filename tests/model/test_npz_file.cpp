// SPDX-License-Identifier: Apache-2.0
#include "model/npz_file.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "model/output_file.hpp"
#include "model/zip_file.hpp"
#include "tests/scratch.hpp"

namespace apical::model {
namespace {

using test::contains;
using test::content;
using test::message_of;

using Entries = std::vector<std::pair<std::string, std::string>>;

// A .npy file by its parts, for those that NumPy wouldn't write.
std::string npy_of(const std::string& header, const std::string& values, int version = 1) {
  std::string bytes = std::string("\x93NUMPY") + static_cast<char>(version) + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + values;
}

std::string header(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

template <class Number>
std::string bytes_of(const std::vector<Number>& numbers) {
  std::string bytes(numbers.size() * sizeof(Number), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

class NpzFile : public test::Scratch {
 protected:
  std::string archive(const Entries& entries) const { return file("w.npz", zip_archive(entries)); }
  // What is said of a file with one array.
  std::string refusal(const std::string& npy_file) const {
    return message_of([&] { read_npz(archive({{"W1.npy", npy_file}})); });
  }
  RowMatrix read(const std::string& npy_file) const {
    return read_npz(archive({{"W1.npy", npy_file}})).at(0).values;
  }
};

TEST_F(NpzFile, GivesBackWhatWasWritten) {
  RowMatrix a = RowMatrix::Random(7, 5);
  a(0, 0) = -0.0;
  a(1, 1) = std::numeric_limits<double>::denorm_min();
  a(2, 2) = -std::numeric_limits<double>::max();
  IntegerMatrix n(2, 3);
  n << -1, 2, 3, 4, std::int64_t{1} << 53, -(std::int64_t{1} << 53);
  const std::string bytes = zip_archive({{"b.npy", npy(a)}, {"a.npy", npy(n)}});
  write_output(folder / "w.npz", bytes);
  EXPECT_EQ(content(folder / "w.npz"), bytes);
  const auto back = read_npz(folder / "w.npz");
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].name, "b") << "not in the order of the file";
  EXPECT_EQ(back[0].values, a);
  EXPECT_TRUE(std::signbit(back[0].values(0, 0)));
  EXPECT_EQ(back[1].values, n.cast<double>());
  EXPECT_EQ(npy(a).size() % 64, (7 * 5 * 8) % 64) << "NumPy aligns the values";
  EXPECT_EQ(read_npz(archive({})).size(), 0u);
}

TEST_F(NpzFile, ReadsEveryVersionTypeAndOrder) {
  RowMatrix expected(2, 3);
  expected << 1, 2, 3, 4, 5, -6;
  const std::vector<double> by_rows{1, 2, 3, 4, 5, -6}, by_columns{1, 4, 2, 5, 3, -6};
  for (const int version : {1, 2, 3})
    EXPECT_EQ(read(npy_of(header("<f8", "(2, 3)"), bytes_of(by_rows), version)), expected) << version;
  EXPECT_EQ(read(npy_of(header("<f8", "(2, 3)", "True"), bytes_of(by_columns))), expected);
  EXPECT_EQ(
      read(npy_of(header("<f4", "(2, 3)"), bytes_of(std::vector<float>(by_rows.begin(), by_rows.end())))),
      expected);
  EXPECT_EQ(read(npy_of(header("<i4", "(2, 3)"),
                        bytes_of(std::vector<std::int32_t>(by_rows.begin(), by_rows.end())))),
            expected);
  EXPECT_EQ(read(npy_of(header("<i8", "(2,3)", "True"),
                        bytes_of(std::vector<std::int64_t>(by_columns.begin(), by_columns.end())))),
            expected);
  const RowMatrix column = read(npy_of(header("<f8", "(6,)"), bytes_of(by_rows)));
  EXPECT_EQ(column, (Eigen::Map<const RowMatrix>(by_rows.data(), 6, 1)));
  EXPECT_EQ(read(npy_of(header("<f8", "(0, 4)"), "")).cols(), 4);
  EXPECT_EQ(read(npy_of("{\"shape\":(1,1),\"fortran_order\":False,\"descr\":\"<f8\"}",
                        bytes_of(std::vector<double>{7}))),
            RowMatrix::Constant(1, 1, 7));
}

TEST_F(NpzFile, RefusesWhatIsNoArrayOfNumbers) {
  const std::string two = bytes_of(std::vector<double>{1, 2});
  const std::pair<std::string, std::string> cases[] = {
      {npy_of(header("|O", "(2,)"), two), "W1 holds Python objects"},
      {npy_of(header(">f8", "(2,)"), two), "W1 has the dtype '>f8'"},
      {npy_of(header("<c16", "(1,)"), two), "W1 has the dtype '<c16'"},
      {npy_of("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,), }", two), "W1 holds records"},
      {npy_of(header("<f8", "()"), two), "W1 has 0 dimensions"},
      {npy_of(header("<f8", "(1, 1, 2)"), two), "W1 has 3 dimensions"},
      {npy_of(header("<f8", "(3,)"), two), "W1 has 16 bytes of values where 3 need 24"},
      {npy_of(header("<f8", "(1,)"), two), "W1 has 16 bytes of values where 1 need 8"},
      {npy_of(header("<f8", "(1099511627776, 1099511627776)"), two), "W1 has 16 bytes of values"},
      {npy_of(header("<f8", "(0, 2)"), two), "W1 has 16 bytes of values"},
      {npy_of(header("<f8", "(18446744073709551617,)"), two), "W1 declares more values"},
      {npy_of(header("<f8", "(-2,)"), two), "W1 has a header that isn't"},
      {npy_of(header("<f8", "(2,"), two), "W1 has a header that isn't"},
      {npy_of("{'descr': '<f8', 'shape': (2,), }", two), "W1 has a header that isn't"},
      {npy_of("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", two),
       "W1 has a header that isn't"},
      {npy_of(header("<f8", "(2,)") + "x", two), "W1 has a header that isn't"},
      {npy_of(std::string(70000, ' ') + header("<f8", "(2,)"), two, 2), "W1 has a header of 70"},
      {npy_of(header("<f8", "(2,)"), two, 4), "W1 is a .npy file of version 4.0"},
      {npy_of("", "").substr(0, 8) + "\xff\xff", "W1 ends in its header"},
      {"no such thing", "W1 isn't a .npy file"},
      {"", "W1 isn't a .npy file"},
      {npy_of(header("<f8", "(2,)"), bytes_of(std::vector<double>{1, NAN})), "W1 has nan at [1, 0]"},
      {npy_of(header("<i8", "(1,)"), bytes_of(std::vector<std::int64_t>{(std::int64_t{1} << 53) + 1})),
       "W1 has 9007199254740993 at [0, 0], beyond 2^53"},
  };
  for (const auto& [npy_file, expected] : cases) {
    const std::string message = refusal(npy_file);
    EXPECT_TRUE(contains(message, "w.npz: " + expected)) << expected << ": " << message;
    EXPECT_TRUE(contains(message, "accepted: a .npz file")) << message;
  }
  const std::string all = message_of([&] {
    read_npz(archive({{"a.npy", "x"}, {"notes.txt", "x"}, {"b.npy", npy_of(header("|O", "(2,)"), two)}}));
  });
  EXPECT_TRUE(contains(all, "a isn't a .npy file; notes.txt isn't a .npy file; b holds Python objects"))
      << all;
  Entries many;
  for (int k = 0; k < 200; ++k) many.emplace_back("layer" + std::to_string(k) + ".npy", "x");
  EXPECT_TRUE(contains(message_of([&] { read_npz(archive(many)); }), " more; accepted"));
}

// Wherever an archive ends too early, and whichever bit of it is another one, it is refused or the same.
TEST_F(NpzFile, RefusesDamagedArchives) {
  const RowMatrix w = RowMatrix::Random(2, 2);
  const std::string whole = zip_archive({{"W1.npy", npy(w)}, {"W2.npy", npy(w)}});
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_TRUE(contains(message_of([&] { read_npz(file("t.npz", whole.substr(0, length))); }), "t.npz: "))
        << length;
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    std::vector<NamedMatrix> back;
    const std::string message = message_of([&] { back = read_npz(file("f.npz", flipped)); });
    if (!message.empty()) {
      EXPECT_TRUE(contains(message, "f.npz: ")) << message;
      ++refused;
      continue;
    }
    ASSERT_EQ(back.size(), 2u) << at;
    for (const NamedMatrix& matrix : back) EXPECT_EQ(matrix.values, w) << at;
  }
  // Times, versions and attributes alone may be anything.
  EXPECT_GT(refused, static_cast<int>(whole.size()) * 3 / 4);
}

TEST_F(NpzFile, RefusesArchivesOfOtherKinds) {
  const std::string w = npy(RowMatrix(RowMatrix::Random(2, 2)));
  const std::string whole = zip_archive({{"W1.npy", w}});
  const std::size_t directory = whole.size() - 22 - 46 - 6;
  const auto patched = [&](std::size_t at, const std::string& bytes) {
    std::string other = whole;
    other.replace(at, bytes.size(), bytes);
    return message_of([&] { read_npz(file("p.npz", other)); });
  };
  const std::string none(4, '\xff');
  EXPECT_TRUE(contains(message_of([&] {
                         read_npz(archive({{"a.npy", w}, {"a.npy", w}}));
                       }),
                       "has \"a.npy\" twice"));
  EXPECT_TRUE(contains(patched(whole.size() - 6, none), "is in zip64"));
  EXPECT_TRUE(contains(patched(whole.size() - 12, "\xff\xff"), "is in zip64"));
  EXPECT_TRUE(contains(patched(directory + 24, none), "\"W1.npy\" is in zip64"));
  EXPECT_TRUE(contains(patched(directory + 8, "\x01"), "\"W1.npy\" is encrypted"));
  EXPECT_TRUE(contains(patched(directory + 10, "\x0c"), "is packed by method 12"));
  EXPECT_TRUE(contains(patched(directory + 10, "\x08"), "isn't what its length says"));
  EXPECT_TRUE(contains(patched(directory + 16, "ABCD"), "has another checksum"));
  EXPECT_TRUE(contains(patched(directory + 20, std::string("\0\0\0\x70", 4)), "is cut off"));
  EXPECT_TRUE(contains(patched(directory + 24, std::string("\0\0\0\x70", 4)), "is stored in another length"));
  EXPECT_TRUE(
      contains(patched(directory + 10, std::string("\x08\0\0\0\0\0ABCDABCD\0\0\0\x70", 18)), "p.npz"));
  EXPECT_TRUE(contains(patched(30, "X"), "has another name in its own record"));
  EXPECT_TRUE(contains(patched(whole.size() - 18, "\x01"), "on several disks"));
  EXPECT_TRUE(contains(message_of([&] { read_npz(folder / "absent.npz"); }), "doesn't exist"));
  EXPECT_TRUE(contains(message_of([&] { read_npz(folder); }), "is a folder"));
}

}  // namespace
}  // namespace apical::model
