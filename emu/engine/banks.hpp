// What an engine remembers of each address space that a hart uses: a bank for each of the last few, so that
// going to and fro between the kernel and its processes forgets nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "emu/mmu.hpp"

namespace backspin::emu {

/// `Bank` is default-constructible and has clear().
template <class Bank>
class Banks {
  public:
    explicit Banks(std::size_t most) : most_(most) {}

    /// The bank of this space; a new or emptied one if there is none. Valid for the life of this object, but
    /// another space's after further selections.
    Bank& select(const AddressSpace& space) {
        if (current_ < banks_.size() && banks_[current_].space == space) return *banks_[current_].bank;
        for (std::size_t i = 0; i < banks_.size(); ++i) {
            if (banks_[i].space == space) return *banks_[current_ = i].bank;
        }
        if (banks_.size() < most_) {
            current_ = banks_.size();
            banks_.push_back({space, std::make_unique<Bank>()});
        } else {
            // In turn: the one longest in use may be the busiest, but it comes back at the cost of its
            // misses.
            current_ = next_ = (next_ + 1) % most_;
            banks_[current_].space = space;
            banks_[current_].bank->clear();
        }
        return *banks_[current_].bank;
    }

    template <class F>
    void for_each(F visit) {
        for (auto& [space, bank] : banks_) visit(*bank);
    }

  private:
    struct Held {
        AddressSpace space;
        std::unique_ptr<Bank> bank;
    };
    std::size_t most_;
    std::size_t current_ = 0, next_ = 0;
    std::vector<Held> banks_;
};

}  // namespace backspin::emu
