package keyhall.settings_test

import data.keyhall.settings

test_links_are_off_by_default if settings.share_links == false
