// SPDX-License-Identifier: Apache-2.0
// Manual pages and what bash completes, both from the commands and options that the program has.
#include <fmt/format.h>

#include <memory>
#include <vector>

#include "tools/cli/commands.hpp"
#include "tools/report/messages.hpp"
#include "tools/report/output_folder.hpp"
#include "tools/report/version.hpp"

namespace apical::tools {
namespace {

// The command itself comes first, and every command before its own.
void collect(const CLI::App& command, std::vector<const CLI::App*>& all) {
  all.push_back(&command);
  for (const CLI::App* sub : command.get_subcommands({})) collect(*sub, all);
}

// "apical vectors export", with what stands between the words.
std::string path_of(const CLI::App& command, const char* between) {
  const CLI::App* const parent = command.get_parent();
  return (parent == nullptr ? "" : path_of(*parent, between) + between) + command.get_name();
}

// Text as roff takes it: no escapes, and no line that begins with a request.
std::string roff(const std::string& text) {
  std::string all;
  for (const char c : text) {
    const bool starts = all.empty() || all.back() == '\n';
    if (starts && (c == '.' || c == '\'')) all += "\\&";
    if (c == '\\')
      all += "\\e";
    else if (c == '-')
      all += "\\-";
    else if (c == '`' || c == '^' || c == '~')
      all += fmt::format("\\({}", c == '`' ? "ga" : c == '^' ? "ha" : "ti");
    else
      all += c;
  }
  return all;
}

std::string page(const CLI::App& command) {
  const CLI::Formatter form;
  const std::string name = path_of(command, "-");
  std::string text = fmt::format(
      ".\\\" Made by `apical manual`.\n.TH {} 1 \"\" \"apical {}\" \"apical\"\n.SH NAME\n{} \\- {}\n.SH "
      "SYNOPSIS\n",
      roff(name), version(), roff(name), roff(command.get_description()));
  const std::string usage = form.make_usage(&command, path_of(command, " "));  // "Usage: apical run ...\n\n"
  text += roff(usage.substr(usage.find(' ') + 1)) + ".SH OPTIONS\n";
  for (const CLI::Option* option : command.get_options())
    text +=
        fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(form.make_option_name(option, option->get_positional())),
                    roff(form.make_option_opts(option)), roff(form.make_option_desc(option)));
  const std::vector<const CLI::App*> commands = command.get_subcommands({});
  if (!commands.empty()) text += ".SH COMMANDS\n";
  for (const CLI::App* sub : commands)
    text += fmt::format(".TP\n\\fB{}\\fR(1)\n{}\n", roff(path_of(*sub, "-")), roff(sub->get_description()));
  if (!command.get_footer().empty())
    text += fmt::format(".SH NOTES\n.nf\n{}\n.fi\n", roff(command.get_footer()));
  return text;
}

// The values that an option accepts, where they are a list: of "TEXT:{rtl,tlm}" the words in braces.
std::string choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{'), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos) return "";
  std::string words = type.substr(open + 1, close - open - 1);
  for (char& c : words)
    if (c == ',') c = ' ';
  return words;
}

// All names of an option, with what stands between them.
std::string names(const CLI::Option& option, const char* between) {
  std::string all;
  const auto add = [&](const char* dashes, const std::vector<std::string>& some) {
    for (const std::string& name : some) all += (all.empty() ? "" : between) + (dashes + name);
  };
  add("--", option.get_lnames());
  add("-", option.get_snames());
  return all;
}

// A function of bash that follows the words to the command they name; what it doesn't know is a file.
std::string completion(const std::vector<const CLI::App*>& commands) {
  std::string walk, words, values;
  for (const CLI::App* command : commands) {
    const std::string path = path_of(*command, " ");
    if (command->get_parent() != nullptr) walk += fmt::format("{}'{}'", walk.empty() ? "" : " | ", path);
    std::string some;
    for (const CLI::App* sub : command->get_subcommands({})) some += sub->get_name() + ' ';
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_positional()) continue;
      some += names(*option, " ") + ' ';
      if (option->get_items_expected_max() == 0) continue;  // a flag
      values += fmt::format("    '{0} {1}') words='{2}' ;;\n", path,
                            names(*option, fmt::format("' | '{} ", path).c_str()), choices(*option));
    }
    words += fmt::format("    '{}') words='{}' ;;\n", path, some);
  }
  return fmt::format(R"(# Completion of bash for apical. Made by `apical manual`.
_apical() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command=apical words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command ${{COMP_WORDS[i]}}" in
    {}) command+=" ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case $command in
{}  esac
  case "$command $before" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _apical apical
)",
                     walk, words, values);
}

int execute(const CLI::App& program, const std::string& folder) {
  std::vector<const CLI::App*> commands;
  collect(program, commands);
  OutputFolder out(folder);
  for (const CLI::App* command : commands) out.write(path_of(*command, "-") + ".1", page(*command));
  out.write("apical.bash", completion(commands));
  out.commit();
  return 0;
}

}  // namespace

void add_manual(CLI::App& app, int& status) {
  const auto folder = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("manual", "Write manual pages and what bash completes");
  command->add_option("--out", *folder, "folder for apical.1, a page per command, apical.bash")->required();
  command->footer("Example:\n  apical manual --out out/manual && man -l out/manual/apical-run.1");
  command->callback([&app, folder, &status] { status = execute(app, *folder); });
}

}  // namespace apical::tools
