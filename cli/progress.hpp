// How far a long command is, as a percentage on one line of stderr that is written over.
#pragma once

#include <chrono>
#include <string>

namespace backspin::cli {

/// Shows nothing in the first second, nothing where stderr is no terminal unless it is forced, and leaves an
/// empty line behind.
class Progress {
  public:
    Progress(std::string what, bool forced);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// 0 to 1.
    void show(double share);

  private:
    std::string what_;
    bool wanted_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace backspin::cli
