#include "model/task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace apical::model {

std::unique_ptr<Task> make_task(const TaskSettings& settings) {
  if (settings.kind == "digits8" || settings.kind == "mnist") return make_digits_task(settings);
  if (settings.kind == "teacher") return make_teacher_task(settings);
  if (settings.kind == "series") return make_series_task(settings);
  throw std::invalid_argument(
      fmt::format("task.kind: \"{}\"; accepted: digits8, mnist, teacher, series", settings.kind));
}

void Score::add(const Sample& sample, const std::vector<double>& output) {
  ++count_;
  if (classification_) {
    const auto winner = std::max_element(output.begin(), output.end()) - output.begin();
    sum_ += winner == sample.label ? 1.0 : 0.0;
    return;
  }
  double squares = 0.0;
  for (std::size_t i = 0; i < output.size(); ++i)
    squares += (output[i] - sample.target[i]) * (output[i] - sample.target[i]);
  sum_ += squares / static_cast<double>(output.size());
}

}  // namespace apical::model
