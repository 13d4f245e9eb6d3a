// What the engine touches, as it comes by: on the way into its tables of translations, and never on a hit.
#pragma once

#include <utility>

#include "base/access_notes.hpp"
#include "base/address.hpp"
#include "emu/mmu.hpp"

namespace backspin::emu {

class AccessNotebook {
  public:
    void executes(PageNumber page) { executed_.add(page); }
    void reads(VirtualAddress at) { read_.add(page_number(at)); }
    void writes(VirtualAddress at, PhysicalAddress to) {
        written_.add(page_number(at));
        changed_.add(page_number(to));
    }
    /// A write that is no hart's store.
    void changes_from_outside(PhysicalAddress at) {
        changed_.add(page_number(at));
        from_outside_.add(page_number(at));
    }
    /// A hart's accesses go there from now on.
    void selects(const AddressSpace& space) { translated_ = translated_ || space.satp != 0; }

    AccessNotes take() {
        return {executed_.take(), read_.take(),         written_.take(),
                changed_.take(),  from_outside_.take(), std::exchange(translated_, false)};
    }

  private:
    PageCollector executed_, read_, written_, changed_, from_outside_;
    bool translated_ = false;
};

}  // namespace backspin::emu
