// SPDX-License-Identifier: Apache-2.0
#include "tools/study/deciding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tools/study/pool.hpp"

namespace apical::tools {
namespace {

// Points of a cell, by repeat.
struct Place {
  std::size_t first = 0;
  const Cell* cell = nullptr;
};

std::vector<std::vector<Place>> places(const Study& study, const Scores& all) {
  std::vector<std::vector<Place>> found(all.cells.size());
  std::size_t first = 0;
  for (std::size_t d = 0; d < all.cells.size(); ++d)
    for (const Cell& cell : all.cells[d]) {
      found[d].push_back({first, &cell});
      first += study.repeats();
    }
  return found;
}

// What is missing of the seeds from..from + count of a point and of the reference.
class Missing {
 public:
  Missing(const Study& study, const Store& store) : study_(study), store_(store) {}

  void add(std::size_t first, std::size_t from, std::size_t count) {
    for (std::size_t i = first + from; i < first + from + count; ++i)
      if (row_of(store_, study_.points[i]) == nullptr && seen_.insert(study_.points[i].digest).second)
        points_.push_back(i);
  }
  void add_pair(std::size_t first, std::size_t from, std::size_t count) {
    add(0, from, count);  // the reference's points come first
    add(first, from, count);
  }
  bool none() const { return points_.empty(); }
  std::vector<std::size_t> take() { return std::move(points_); }

 private:
  const Study& study_;
  const Store& store_;
  std::set<std::string> seen_;
  std::vector<std::size_t> points_;
};

// One more pair for a question that is open; none where a point of its last pair has no score.
void go_on(Missing& missing, const Study& study, const Store& store, const Place& place, const Loss& loss,
           std::size_t from) {
  if (loss.verdict != Verdict::undecided || !loss.decision) return;
  const std::size_t pairs = loss.decision->pairs, most = study.decide->most;
  if (pairs >= most) return;
  const auto ran = [&](std::size_t first) {
    return row_of(store, study.points[first + from + pairs]) != nullptr;
  };
  if (ran(0) && ran(place.first)) return;
  missing.add_pair(place.first, from + pairs, 1);
}

}  // namespace

void read_decide(const Section& section, Study& study) {
  if (!section.has("decide")) return;
  const toml::table* table = section.get("decide")->as_table();
  if (table == nullptr)
    section.refuse("decide", in_line(*section.get("decide")), "a table [decide], which may be empty");
  const Section own(study.source, *table, "decide.", {"error", "most_seeds", "confirm"});
  if (!study.has_reference)
    section.refuse("decide", "without reference",
                   "a reference: the best of a design is chosen by the scores that would decide");
  Deciding d;
  if (!study.seeds.empty()) d.first = study.seeds.size();
  if (own.has("error")) d.error = own.number("error");
  if (!(d.error > 0.0 && d.error < 0.5))
    own.refuse("error", fmt::format("{}", d.error), "a probability above 0 and below 0.5");
  constexpr std::int64_t largest = 10000;
  if (own.has("most_seeds")) d.most = own.whole("most_seeds", 2, largest);
  if (d.most < d.first)
    own.refuse("most_seeds", fmt::format("{}", d.most),
               fmt::format("as many as seeds ({}) or more", d.first));
  if (own.has("confirm")) {
    const toml::node& node = *own.get("confirm");
    if (!node.is_boolean()) own.refuse("confirm", in_line(node), "true, false");
    d.confirm = *node.value<bool>();
  }
  if (d.confirm && study.base.task.validation <= 0.0)
    own.refuse("confirm", "true with task.validation 0",
               "set = { \"task.validation\" = 0.25 } or another share, for the search");
  if (study.seeds.empty()) study.seeds.push_back(1);
  std::uint64_t last = *std::max_element(study.seeds.begin(), study.seeds.end());
  while (study.seeds.size() < d.most * (d.confirm ? 2 : 1)) study.seeds.push_back(++last);
  if (last > 4294967295) own.refuse("most_seeds", fmt::format("{}", d.most), "seeds that end below 2^32");
  study.decide = d;
}

bool confirms(const Study& study, const Point& point) {
  return study.decide && study.decide->confirm && point.repeat >= study.decide->most;
}

std::vector<std::size_t> wanted(const Study& study, const Store& store) {
  Missing missing(study, store);
  if (!study.decide) {
    missing.add(0, 0, study.points.size());
    return missing.take();
  }
  const Scores all = scores(study, store);
  const auto where = places(study, all);
  for (const auto& design : where)
    for (const Place& place : design) missing.add(place.first, 0, study.decide->first);
  if (!missing.none()) return missing.take();
  for (std::size_t d = 1; d < where.size(); ++d)
    for (const Place& place : where[d])
      go_on(missing, study, store, place, loss(all, *place.cell, all.goal(d), study.budget), 0);
  if (!missing.none() || !study.decide->confirm) return missing.take();
  const std::vector<Chosen> choices = chosen(study, all);
  for (const Chosen& choice : choices) {
    const auto place = std::find_if(where[choice.design].begin(), where[choice.design].end(),
                                    [&](const Place& p) { return p.cell == choice.cell; });
    missing.add_pair(place->first, study.decide->most, study.decide->first);
  }
  if (!missing.none()) return missing.take();
  for (const Chosen& choice : choices) {
    const auto place = std::find_if(where[choice.design].begin(), where[choice.design].end(),
                                    [&](const Place& p) { return p.cell == choice.cell; });
    go_on(missing, study, store, *place,
          confirmed(all, *choice.cell, *all.goal(choice.design), study.budget, choices.size()),
          study.decide->most);
  }
  return missing.take();
}

std::vector<Chosen> chosen(const Study& study, const Scores& all) {
  std::vector<Chosen> found;
  for (std::size_t d = 1; d < study.designs.size(); ++d)
    for (const Need& need : needs(study, all, d)) {
      const Need::Value* furthest = need.furthest();
      if (furthest == nullptr || furthest->cell == all.goal(d)) continue;
      if (std::none_of(found.begin(), found.end(), [&](const Chosen& c) { return c.cell == furthest->cell; }))
        found.push_back({d, furthest->cell});
    }
  return found;
}

std::vector<std::string> confirmations(const Study& study, const Store& store, const Scores& all) {
  std::vector<std::string> lines;
  const std::vector<Chosen> choices =
      study.decide && study.decide->confirm ? chosen(study, all) : std::vector<Chosen>{};
  for (const Chosen& choice : choices) {
    std::string at;
    for (std::size_t a = 0; a < choice.cell->at.size(); ++a)
      at += fmt::format("{}{} = {}", a == 0 ? "" : ", ", study.designs[choice.design].axes[a].name,
                        choice.cell->at[a].label);
    const Loss l = confirmed(all, *choice.cell, *all.goal(choice.design), study.budget, choices.size());
    lines.push_back(fmt::format("on test data, fresh seeds: {}: {}; it loses {}", at, in_words_of_verdict(l),
                                in_words(l, all.measure())));
  }
  std::size_t looks = 0;
  std::set<std::string> seen;
  for (const Point& point : study.points)
    if (row_of(store, point) != nullptr && seen.insert(point.digest).second &&
        configuration(study, point).task.test_on == model::TestOn::test)
      ++looks;
  lines.push_back(fmt::format(
      "test data: looked at by {} trainings{}", looks,
      study.decide && study.decide->confirm ? fmt::format(", to confirm {} choices", choices.size()) : ""));
  return lines;
}

}  // namespace apical::tools
