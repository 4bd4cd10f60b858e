// SPDX-License-Identifier: Apache-2.0
// Reads a subset of SystemRDL 2.0: enums; regs of fields; regfiles and addrmaps of regs and regfiles;
// properties of fields that this project uses, two of them its own. It has been compared with
// SystemRDL/systemrdl-compiler.
#include <algorithm>
#include <set>

#include "hw/rdl/machine.hpp"
#include "hw/rdl/tokens.hpp"

namespace apical::rdl {
namespace {

template <class T>
const T* find(const std::vector<T>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

class Reader {
 public:
  explicit Reader(std::string text) : in_(std::move(text)) {}

  Machine read() {
    for (std::string what = in_.next(); !what.empty(); what = in_.next()) {
      if (what == "property")
        read_property();
      else if (what == "enum")
        read_enumeration();
      else if (what == "reg")
        add(m_.words, read_word(in_.name(), {}));
      else if (what == "regfile")
        add(m_.blocks, read_block(in_.name(), m_.words));
      else if (what == "addrmap")
        read_map();
      else
        in_.fail("unknown " + what + "; accepted: property, enum, reg, regfile, addrmap");
      in_.expect(";");
    }
    if (m_.map.members.empty() || m_.descriptors.members.empty())
      in_.fail("no addrmap apical or descriptors");
    return std::move(m_);
  }

 private:
  template <class T>
  void add(std::vector<T>& all, T one) {
    if (m_.word(one.name) != nullptr || m_.block(one.name) != nullptr || find(all, one.name) != nullptr)
      in_.fail(one.name + " is there twice");
    all.push_back(std::move(one));
  }

  // Properties of our own: only their names are of interest.
  void read_property() {
    own_.insert(in_.name());
    while (in_.next() != "}")
      if (in_.peek().empty()) in_.fail("a property does not end");
  }

  void read_enumeration() {
    Enumeration e;
    e.name = in_.name();
    in_.expect("{");
    while (!in_.accept("}")) {
      Enumerator one;
      one.name = in_.name();
      in_.expect("=");
      one.value = in_.number();
      if (in_.accept("{")) {
        in_.expect("desc");
        in_.expect("=");
        one.description = in_.string();
        in_.expect(";");
        in_.expect("}");
      }
      in_.expect(";");
      for (const Enumerator& other : e.values)
        if (other.name == one.name || other.value == one.value)
          in_.fail(one.name + " clashes with " + other.name);
      e.values.push_back(std::move(one));
    }
    m_.enumerations.push_back(std::move(e));
  }

  // Without a value a property is true.
  bool truth() {
    if (!in_.accept("=")) return true;
    const std::string value = in_.next();
    if (value != "true" && value != "false") in_.fail("expected true or false, got " + value);
    return value == "true";
  }
  std::string one_of(const std::string& property, const std::set<std::string>& accepted) {
    in_.expect("=");
    const std::string value = in_.next();
    if (accepted.count(value) == 0) {
      std::string list;
      for (const std::string& name : accepted) list += (list.empty() ? "" : ", ") + name;
      in_.fail(property + " = " + value + "; accepted: " + list);
    }
    return value;
  }

  void read_field_property(Field& f) {
    const std::string property = in_.next();
    bool* const flag = property == "singlepulse" ? &f.singlepulse
                       : property == "hwset"     ? &f.hwset
                       : property == "hwclr"     ? &f.hwclr
                       : property == "counter"   ? &f.counter
                       : property == "swmod"     ? &f.swmod
                       : property == "we"        ? &f.we
                       : property == "is_signed" ? &f.is_signed
                                                 : nullptr;
    if ((property == "is_signed" || property == "fracwidth") && own_.count(property) == 0)
      in_.fail("property " + property + " isn't declared");
    if (flag != nullptr) {
      *flag = truth();
    } else if (property == "sw") {
      f.sw = one_of(property, {"r", "w", "rw"});
    } else if (property == "hw") {
      f.hw = one_of(property, {"r", "w", "rw", "na"});
    } else if (property == "onwrite") {
      f.on_write = one_of(property, {"woclr", "wuser"});
    } else if (property == "onread") {
      f.on_read = one_of(property, {"ruser"});
    } else if (property == "desc" || property == "encode" || property == "fracwidth") {
      in_.expect("=");
      if (property == "desc") f.description = in_.string();
      if (property == "encode") f.encode = in_.name();
      if (property == "fracwidth") f.fraction = static_cast<int>(in_.number());
      if (!f.encode.empty() && m_.enumeration(f.encode) == nullptr) in_.fail("no enum " + f.encode);
    } else {
      in_.fail("unknown property " + property + " of a field");
    }
    in_.expect(";");
  }

  Field read_field(const Field& defaults) {
    Field f = defaults;
    in_.expect("{");
    while (!in_.accept("}")) read_field_property(f);
    f.name = in_.name();
    in_.expect("[");
    f.high = static_cast<int>(in_.number());
    in_.expect(":");
    f.low = static_cast<int>(in_.number());
    in_.expect("]");
    if (in_.accept("=")) f.reset = in_.number();
    in_.expect(";");
    if (f.low > f.high || f.high > 31) in_.fail("bits of " + f.name + "; accepted: 31:0 and within");
    if ((f.reset & ~f.ones()) != 0) in_.fail("reset of " + f.name + " has more bits than it");
    if (f.on_write == "woclr" && f.sw != "rw") in_.fail("onwrite = woclr of " + f.name + " without sw = rw");
    if (f.singlepulse && (f.width() != 1 || f.reset != 0 || f.sw == "r"))
      in_.fail("singlepulse of " + f.name +
               "; accepted: of one bit that software writes and that resets to 0");
    if (f.description.empty()) in_.fail("field " + f.name + " has no desc");
    if (!f.encode.empty())
      for (const Enumerator& one : m_.enumeration(f.encode)->values)
        if ((one.value & ~f.ones()) != 0) in_.fail(one.name + " doesn't fit into " + f.name);
    return f;
  }

  // The body of a reg.
  Word read_word(const std::string& name, Field defaults) {
    Word w;
    w.name = name;
    std::uint32_t taken = 0;
    in_.expect("{");
    while (!in_.accept("}")) {
      const std::string word = in_.next();
      if (word == "desc") {
        in_.expect("=");
        w.description = in_.string();
        in_.expect(";");
      } else if (word == "default") {
        read_field_property(defaults);
      } else if (word == "field") {
        const Field f = read_field(defaults);
        if ((taken & f.ones() << f.low) != 0 || find(w.fields, f.name) != nullptr)
          in_.fail("field " + f.name + " clashes with another");
        taken |= f.ones() << f.low;
        w.fields.push_back(f);
      } else {
        in_.fail("unknown " + word + " in a reg; accepted: desc, default, field");
      }
    }
    std::sort(w.fields.begin(), w.fields.end(), [](const Field& a, const Field& b) { return a.low < b.low; });
    return w;
  }

  // The body of a regfile or an addrmap; the types of regs that have no name go into `words`.
  Block read_block(const std::string& name, std::vector<Word>& words) {
    Block b;
    b.name = name;
    Field defaults;
    in_.expect("{");
    while (!in_.accept("}")) {
      std::string what = in_.next();
      if (what == "desc") {
        in_.expect("=");
        b.description = in_.string();
        in_.expect(";");
      } else if (what == "default") {
        read_field_property(defaults);
      } else {
        const bool external = what == "external";
        if (external) what = in_.next();
        Member member;
        Word word;
        if (what == "reg") word = read_word("", defaults);
        word.external = external;
        member.name = in_.name();
        member.type = what == "reg" ? name + "_" + lower(member.name) : what;
        place(member);
        if (what == "reg") {
          word.name = member.type;
          words.push_back(std::move(word));
        } else if (m_.word(what) == nullptr && m_.block(what) == nullptr) {
          in_.fail("unknown " + what + " in " + name + "; accepted: desc, default, reg and what is defined");
        }
        for (const Member& other : b.members)
          if (other.name == member.name) in_.fail(member.name + " is there twice");
        if (!b.members.empty() && m_.bytes(b) > member.offset)
          in_.fail(member.name + " lies within " + b.members.back().name + " or before it");
        b.members.push_back(member);
      }
    }
    return b;
  }

  // Where an instance is.
  void place(Member& member) {
    if (in_.accept("[")) {
      member.count = in_.number();
      in_.expect("]");
    }
    in_.expect("@");
    member.offset = in_.number();
    if (member.count != 0) {
      in_.expect("+");
      in_.expect("=");
      member.stride = in_.number();
    }
    in_.expect(";");
    if (member.offset % 4 != 0 || member.stride % 4 != 0)
      in_.fail("offset of " + member.name + "; accepted: multiples of 4");
  }

  void read_map() {
    const std::string name = in_.name();
    Block& map = name == "apical" ? m_.map : m_.descriptors;
    if (name != "apical" && name != "descriptors")
      in_.fail("addrmap " + name + "; accepted: apical, descriptors");
    map = read_block(name, m_.registers);
    if (name == "apical" && !map.members.empty() && map.members.back().offset > 0xfc)
      in_.fail("offset of " + map.members.back().name + "; accepted: up to 0xfc");
  }

  Tokens in_;
  Machine m_;
  std::set<std::string> own_;
};

}  // namespace

const Word* Machine::word(const std::string& type) const {
  const Word* const found = find(words, type);
  return found != nullptr ? found : find(registers, type);
}
const Block* Machine::block(const std::string& type) const {
  return find(blocks, type);
}
const Enumeration* Machine::enumeration(const std::string& name) const {
  return find(enumerations, name);
}

std::uint32_t Machine::bytes(const Block& b) const {
  const Member& last = b.members.back();
  const std::uint32_t one = block(last.type) != nullptr ? bytes(*block(last.type)) : 4;
  return last.offset + (last.count == 0 ? 0 : (last.count - 1) * last.stride) + one;
}

Machine read(const std::string& text) {
  return Reader(text).read();
}

}  // namespace apical::rdl
