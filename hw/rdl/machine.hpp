// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace apical::rdl {

/// What hw/apical.rdl says, with the properties by the names of SystemRDL 2.0.
struct Enumerator {
  std::string name, description;
  std::uint32_t value = 0;
};
struct Enumeration {
  std::string name;
  std::vector<Enumerator> values;
};

struct Field {
  std::string name, description, encode;
  std::string sw = "rw", hw = "rw", on_write, on_read;
  bool is_signed = false, singlepulse = false, hwset = false, hwclr = false, counter = false;
  bool swmod = false, we = false;
  int fraction = -1;  ///< fracwidth; -1: the field has no binary point of its own
  int high = 0, low = 0;
  std::uint32_t reset = 0;

  int width() const { return high - low + 1; }
  std::uint32_t ones() const { return width() == 32 ? ~0u : (1u << width()) - 1; }
};

/// A type of register: one word. Those without a name of their own are called after where they stand.
struct Word {
  std::string name, description;
  bool external = false;
  std::vector<Field> fields;  ///< the lowest first
};

/// A word or a block of words in a block.
struct Member {
  std::string type, name;
  std::uint32_t offset = 0;             ///< in bytes
  std::uint32_t count = 0, stride = 0;  ///< of an array; 0: none
};
struct Block {
  std::string name, description;
  std::vector<Member> members;  ///< the lowest first
};

struct Machine {
  std::vector<Enumeration> enumerations;
  std::vector<Word> words;    ///< of the program
  std::vector<Block> blocks;  ///< of the program, those that others are made of first
  Block descriptors;
  Block map;                    ///< the host's registers, with
  std::vector<Word> registers;  ///< their types, one for each

  const Word* word(const std::string& type) const;
  const Block* block(const std::string& type) const;
  const Enumeration* enumeration(const std::string& name) const;
  std::uint32_t bytes(const Block&) const;
};

/// Reads what a file contains; throws std::runtime_error naming the line.
Machine read(const std::string& text);

/// "pass_result": "PASS_RESULT", "PassResult".
std::string upper(std::string);
std::string lower(std::string);
std::string camel(const std::string&);
std::string hex(std::uint32_t value, int digits);

std::string verilog(const Machine&);
std::string cpp_header(const Machine&);
/// The names of numbers, registers and errors, as tables of C++.
std::string cpp_names(const Machine&);
std::string c_header(const Machine&);
std::string ip_xact(const Machine&);
/// `text` with the tables between its marks replaced; throws std::runtime_error for a mark without an end.
std::string document(const std::string& text, const Machine&);

}  // namespace apical::rdl
