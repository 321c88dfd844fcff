// The command line of all tools: CLI11 with the conventions and exit codes of kvm(7).
// Only cmd/ includes this: CLI11 takes ten seconds to compile.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "base/io.h"
#include "base/text.h"
#include "base/tool.h"

namespace kvm {

// Adds --version, which prints "NAME VERSION". The Makefile defines the version.
inline void add_version(CLI::App& app) {
  app.set_version_flag("--version", app.get_name() + " " KVM_VERSION, "Print the version and exit");
}

// The help of the tool and of all its subcommands, at every level.
inline std::string help_all(const CLI::App& app, const std::string& above = "") {
  std::string text = app.help(above);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    text +=
        "\n" + help_all(*command, above.empty() ? app.get_name() : above + " " + app.get_name());
  return text;
}

// Shows only the argument of an option. The man page says which options exclude each other.
class HelpFormatter : public CLI::Formatter {
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 ? "" : " " + option->get_type_name();
  }
};

// Accepts a number from `least` to `most`; a whole number if `Number` is an integer type.
template <class Number>
CLI::Validator number_from(Number least, Number most) {
  return {[=](std::string& text) {
            const auto value = parse_number<Number>(text);
            if (value && *value >= least && *value <= most) return std::string();
            const char* whole = std::is_integral_v<Number> ? " whole" : "";
            return strf("'%s' is not a%s number from %g to %g", text.c_str(), whole,
                        static_cast<double>(least), static_cast<double>(most));
          },
          ""};
}

// Accepts a value unless `judge` throws an Error. CLI11 adds the option's name to the message.
inline CLI::Validator judged_by(std::function<void(const std::string&)> judge) {
  return {[judge = std::move(judge)](std::string& text) {
            try {
              judge(text);
              return std::string();
            } catch (const Error& error) {
              return std::string(error.what());
            }
          },
          ""};
}

// If --config was given, reads from that file the options that the command line does not set.
// Throws Error with Exit::kConfig if the file is wrong.
inline void read_config(CLI::App& app) {
  const CLI::Option* option = app.get_option_no_throw("--config");
  if (!option || option->empty()) return;
  const auto path = option->as<std::string>();
  std::istringstream text(read_file(path));
  try {
    app.parse_from_stream(text);
  } catch (const CLI::ParseError& error) {
    throw Error(Exit::kConfig, path + ": " + error.what());
  }
}

// Parses the command line and runs `body`, both within run_tool(). --help and --version print to
// stdout and exit 0. A wrong command line prints one line on stderr and exits with Exit::kUsage.
inline int run_cli(CLI::App& app, int argc, char** argv, const std::function<Exit()>& body) {
  add_version(app);
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(34);
  return run_tool([&] {
    try {
      app.parse(argc, argv);
      read_config(app);
    } catch (const CLI::CallForHelp&) {
      std::fputs(app.help().c_str(), stdout);
      return Exit::kDone;
    } catch (const CLI::CallForAllHelp&) {
      std::fputs(help_all(app).c_str(), stdout);
      return Exit::kDone;
    } catch (const CLI::CallForVersion& version) {
      std::printf("%s\n", version.what());
      return Exit::kDone;
    } catch (const CLI::ParseError& error) {
      const std::string what = error.what();
      const std::string hint = what.ends_with(')') ? "" : " (see " + app.get_name() + " --help)";
      throw Error(Exit::kUsage, what + hint);
    }
    return body();
  });
}

}  // namespace kvm
