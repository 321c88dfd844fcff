// Shows why the form appeared, and puts the cursor into the first empty field. The field for a code is
// open if this browser's last login had a code.
const form = document.forms[0], {name, password, code} = form.elements;
const why = document.getElementById(location.search.slice(1));
if (why?.role === 'alert') why.hidden = false;
name.value ||= sessionStorage.getItem('name') ?? '';
(name.value ? password : name).focus();
document.querySelector('details').open = localStorage.getItem('code') === 'yes';
form.onsubmit = () => {
  sessionStorage.setItem('name', name.value);
  localStorage.setItem('code', code.value ? 'yes' : 'no');
};
