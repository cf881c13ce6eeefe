// Puts the chosen theme on the page before anything is painted. Not part of the bundle, as that comes too late.
;(function () {
  var choice = null
  try {
    choice = localStorage.getItem('hookyard.theme')
  } catch {
    // No storage in this browser: the system's theme it is.
  }
  var dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
